"""The card for people: what a model is, what it was made from, how good it is, what it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from earmark.errors import TrainingError
from earmark.wording import counted

Card = Mapping[str, Any]

_SIDES = {"known_voices": "voices it knows", "new_voices": "voices it never heard"}


def render(card: Card) -> str:
    """Write the card as Markdown.

    Raises
    ------
    TrainingError
        When there is nothing to say in one of its sections: such a model is not published.
    """
    sections = {
        "What it is": _what,
        "How good it is": _how_good,
        "When it is sure": _confidence,
        "Limits": _limits,
        "Source and licence of the data": lambda card: card["data"]["source"],
        "Data": _data,
        "Splits": _splits,
        "How it was trained": _training,
        "Why it was published": lambda card: card["verdict"],
        "Reports": _reports,
        "The net": lambda card: _code(card["net"]["summary"]),
    }
    filled = {title: _filled(title, write, card) for title, write in sections.items()}
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in filled.items())
    return f"# Earmark model {card['version']}\n\n{body}\n"


def _filled(title: str, write: Any, card: Card) -> str:
    try:
        text = str(write(card)).strip()
    except (KeyError, TypeError) as error:
        raise TrainingError(f"the model card's section {title!r} lacks {error}") from error
    if not text:
        raise TrainingError(f"the model card's section {title!r} is empty")
    return text


def _what(card: Card) -> str:
    front_end, net = card["front_end"], card["net"]
    return (
        "Hears which digit, 0 to 9, is spoken in a short recording. It takes the "
        f"{front_end['dimensions']} values of the front end `{front_end['name']}` "
        f"(fingerprint {front_end['fingerprint']}) and gives ten probabilities. "
        f"{net['parameters']:,} parameters, float32; `model.keras` is for people and further "
        "training, `model.tflite` for the workers."
    )


def _how_good(card: Card) -> str:
    rows = [
        "| tested on | accuracy | right of clips | 95% interval |",
        "|---|---|---|---|",
        *(_row(card["metrics"][side], name) for side, name in _SIDES.items()),
    ]
    return "\n".join(rows) + "\n\n" + "\n".join(_voices(card))


def _row(metrics: Card | None, name: str) -> str:
    if metrics is None:
        return f"| {name} | not measured: nobody was held out | | |"
    low, high = metrics["interval"]
    counts = f"{metrics['correct']} of {metrics['clips']}"
    return f"| {name} | **{metrics['accuracy']:.3f}** | {counts} | {low:.3f} to {high:.3f} |"


def _voices(card: Card) -> Iterator[str]:
    for side, name in _SIDES.items():
        scores = (card["metrics"][side] or {}).get("per_speaker", {})
        told = ", ".join(f"{who} {score['accuracy']:.3f}" for who, score in scores.items())
        if told and len(scores) <= 20:
            yield f"- By speaker, {name}: {told}."


def _limits(card: Card) -> str:
    count = len(card["splits"]["known_voices"])
    return (
        f"- It was trained on {counted(count, 'named voice')}; a voice that it never heard is "
        "recognised far less surely than one that it knows, as the table shows.\n"
        f"- {_nothing(card)} What it is not sure of is marked unsure.\n"
        "- It expects one digit in a clip of about a second, in the language of its data.\n"
        "- On voices that it never heard its confidence is worth less than on those that it knows. "
        "Decide nothing about a person with it."
    )


def _nothing(card: Card) -> str:
    others = card["data"]["synthetic"]["others"]
    if not others:
        return "It answers with a digit whatever it hears: silence, music and other words included."
    return (
        f"It was shown {others:,} synthetic sounds that are no digit (silence, noises, something "
        "like music, other words), and gives them little confidence; others may fool it."
    )


def _confidence(card: Card) -> str:
    calibration, found = card["calibration"], card["thresholds"]
    told = calibration["reliability"]
    errors = "; ".join(
        f"{name} {told[side]['error']:.3f}" for side, name in _SIDES.items() if side in told
    )
    lines = [
        f"No label below a confidence of {card['confidence']:g} is sure.",
        f"The logits were divided by {calibration['temperature']:.3f}, found on the validation "
        f"part. Expected calibration error: {errors or 'not measured'}.",
    ]
    if not found:
        return "\n\n".join(lines)
    rows = [
        "| heard digit | sure from | of the validation clips heard so, sure | of these, right |",
        "|---|---|---|---|",
        *(_threshold(digit, each) for digit, each in enumerate(found)),
    ]
    pictures = [f"![confidence and accuracy](reliability_{side}.png)" for side in told]
    clips = sum(each["heard"] for each in found)
    aim = (
        f"Each digit has its own threshold, for {card['precision']:.1%} of its labels right. It "
        f"was found on the clips of the validation part that were heard as that digit, "
        f"{clips / len(found):.0f} of {clips} on average: too few to tell that precision for sure."
    )
    return "\n\n".join([*lines, aim, "\n".join(rows), *pictures])


def _threshold(digit: int, found: Card) -> str:
    kept = found["kept"]
    return (
        f"| {digit} | {found['confidence']:.3f} | {kept['clips']} of {found['heard']} "
        f"({found['coverage']:.1%}) | {kept['correct']} |"
    )


def _data(card: Card) -> str:
    data = card["data"]
    digits = ", ".join(f"{digit}: {count}" for digit, count in data["digits"].items())
    return (
        f"{counted(data['clips'], 'clip')} by {counted(data['speakers'], 'named speaker')}; "
        f"clips per digit: {digits or 'none'}. Fingerprint of clips, truths and speakers: "
        f"{data['snapshot']}.\n\n{_synthetic(data['synthetic'])}{_cached(data['cache_bytes'])}"
    )


def _cached(size_bytes: int) -> str:
    if not size_bytes:
        return ""
    return f"\n\nTheir views, which the next training reads again, take {size_bytes / 1e6:,.0f} MB."


def _synthetic(synthetic: Card) -> str:
    remark = f" ({synthetic['remark']})" if synthetic["remark"] else ""
    if not synthetic["voices"]:
        return f"No synthetic voices joined the training side{remark}."
    return (
        f"In the training side alone: {counted(synthetic['clips'], 'clip')} by "
        f"{counted(synthetic['voices'], 'synthetic voice')} of espeak-ng; nothing synthetic was "
        f"validated or tested on{remark}."
    )


def _splits(card: Card) -> str:
    splits = card["splits"]
    counts = splits["clips"]
    held_out = ", ".join(splits["new_voices"]) or "nobody (there are fewer than four speakers)"
    return (
        f"- New voices, {counted(counts['new_voices'], 'clip')}: everything by {held_out}; never "
        "trained on.\n"
        f"- Known voices, {counted(counts['known_voices'], 'clip')}: a quarter of the other clips, "
        "by digest; never trained on.\n"
        f"- Validation, {counted(counts['validation'], 'clip')}: cut from the training side.\n"
        f"- Training: {counted(counts['train'], 'clip')}."
    )


def _training(card: Card) -> str:
    recipe, history = card["recipe"], card["history"]
    versions = ", ".join(f"{name} {version}" for name, version in card["versions"].items())
    return (
        f"Recipe `{recipe['name']}`: {recipe['about']}.\n\n"
        f"{len(history['loss'])} epochs, of which epoch {history['kept']} was kept; seed "
        f"{card['seed']}; {card['seconds']:.1f} s; at {card['created_at']}. {versions}.\n\n"
        "![loss and accuracy over the epochs](learning_curves.png)"
    )


def _reports(card: Card) -> str:
    reports = "\n\n".join(
        f"### On {name}\n\n{_code(metrics['report_text'])}\n\n"
        f"![true digit by heard digit](confusion_{side}.png)"
        for side, name in _SIDES.items()
        if (metrics := card["metrics"][side]) is not None
    )
    return reports or "There was no recording to test with."


def _code(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```" if text.strip() else ""
