"""What a process finds around it: variables, cores, shared memory, time zone, data folder."""
