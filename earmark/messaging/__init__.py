"""Where producer, worker and trainer meet: queues, task names, messages."""
