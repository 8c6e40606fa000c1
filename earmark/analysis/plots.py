"""Pictures: a clip's waveform and MFCCs, as the notebook draws them; and a whole data set."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import Limits, Sound
from earmark.audio.discovery import Discovery
from earmark.audio.reader import record
from earmark.errors import ClipError, EarmarkError, MissingExtra
from earmark.files import written
from earmark.frontends.resample import resampled
from earmark.terminal import printable
from earmark.truth import told_by_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from earmark.analysis.explain import Explanation
    from earmark.frontends import FrontEnd

RATE = 22_050
"""Sampling rate that clips are brought to, that of the notebook (Hz)."""
HOP = 512
"""Samples from frame to frame."""
COEFFICIENTS = 40
_DPI = 100
_MOST_BARS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """What is drawn of a clip."""

    title: str
    sound: Sound
    """At its own sampling rate."""
    mfcc: NDArray[np.float32]
    """Shape (40, frames), from the clip at 22,050 Hz."""

    @property
    def seconds(self) -> float:
        return len(self.sound.samples) / self.sound.rate


def portray(path: Path, limits: Limits) -> Portrait:
    """Read a clip and compute its MFCCs with librosa, the notebook's way.

    Raises
    ------
    ClipError
        When it cannot be read.
    MissingExtra
        When librosa is not installed.
    """
    sound = record(path, limits).sound
    ((_, [samples]),) = resampled([sound], RATE)
    return Portrait(printable(path.name), sound, _mfcc(samples))


def digits_of(
    folder: Path, limits: Limits, discovery: Discovery | None = None
) -> dict[int, Portrait]:
    """One clip of each digit, found by its name: the first that can be read."""
    found: dict[int, Portrait] = {}
    if not folder.is_dir():
        raise EarmarkError(f"there is no folder {folder}")
    for path in (discovery or Discovery()).clips_below(folder):
        digit = told_by_name(path.name).digit
        if isinstance(digit, int) and digit not in found:
            try:
                found[digit] = portray(path, limits)
            except ClipError:
                continue
        if len(found) == 10:
            break
    if not found:
        raise EarmarkError(f"no clip below {folder} is named {{digit}}_{{speaker}}_{{take}}.wav")
    return found


def draw_clip(portrait: Portrait, file: Path, explanation: Explanation | None = None) -> None:
    """Draw waveform and MFCCs, one above the other, as a PNG; and what a label rests on."""
    if explanation is None:
        figure = new_figure(10, 7)
        above, below = figure.subplots(2, 1)
    else:
        figure = new_figure(10, 10.5)
        above, below, reasons = figure.subplots(3, 1)
        _draw_explanation(reasons, explanation)
    draw_waveform(above, portrait)
    image = draw_mfcc(below, portrait)
    below.set_title(f"MFCC {portrait.mfcc.shape}")
    figure.colorbar(image, ax=[above, below], label="MFCC", extend="both")
    _save(figure, file)


def draw_digits(portraits: Mapping[int, Portrait], file: Path) -> None:
    """Draw the MFCCs of the ten digits on one sheet, 5 rows by 2, as a PNG."""
    figure = new_figure(12, 15)
    for digit, axes in enumerate(figure.subplots(5, 2).flat):
        if digit in portraits:
            draw_mfcc(axes, portraits[digit])
            title = f"{digit}: {portraits[digit].title} {portraits[digit].mfcc.shape}"
            axes.set_title(title, parse_math=False)  # a name may hold dollars
        else:
            axes.set_title(f"{digit}: no clip")
            axes.set_axis_off()
    _save(figure, file)


def draw_dataset(table: pd.DataFrame, front_end: FrontEnd, file: Path) -> None:
    """Draw how many clips there are of whom and of what, and each digit's mean vector, as a PNG.

    Parameters
    ----------
    table
        Clips with a truth, as `earmark.datasets.table` gives them.
    """
    figure = new_figure(12, 8)
    places = figure.add_gridspec(2, 2, height_ratios=(2, 3), width_ratios=(2, 3))
    _draw_counts(figure.add_subplot(places[0, 0]), table["digit"].value_counts(), "digit")
    _draw_counts(figure.add_subplot(places[0, 1]), table["speaker"].value_counts(), "speaker")
    below = figure.add_subplot(places[1, :])
    image = _draw_means(below, table)
    below.set_title(f"mean {front_end.name} vector of each digit")
    figure.colorbar(image, ax=below, label="standard deviations from the mean of all")
    _save(figure, file)


def _draw_counts(axes: Axes, counts: pd.Series[int], what: str) -> None:
    """The most frequent ones, and how many are left out."""
    shown = counts.head(_MOST_BARS).sort_index()
    places = range(len(shown))
    axes.bar(places, shown.to_numpy())
    axes.set_xticks(places, [str(name) for name in shown.index], parse_math=False)
    axes.set(xlabel=what, ylabel="clips", title=f"{int(counts.sum()):,} clips by {what}")
    if len(counts) > len(shown):
        axes.set_title(f"the {len(shown)} of {len(counts):,} {what}s with the most clips")
    axes.tick_params(axis="x", rotation=0 if what == "digit" else 60)


def _draw_means(axes: Axes, table: pd.DataFrame) -> Any:
    vectors = np.stack(list(table["vector"])).astype(np.float64)
    spread = vectors.std(axis=0)
    values = (vectors - vectors.mean(axis=0)) / np.where(spread > 0, spread, 1)
    digits = table["digit"].to_numpy()
    means = np.full((10, values.shape[1]), np.nan)
    for digit in np.unique(digits):
        means[digit] = values[digits == digit].mean(axis=0)
    most = float(np.nanmax(np.abs(means))) or 1.0
    image = axes.imshow(
        means, cmap="coolwarm", vmin=-most, vmax=most, aspect="auto", interpolation="nearest"
    )
    axes.set(xlabel="place in the vector", ylabel="digit", yticks=range(10))
    return image


def draw_waveform(axes: Axes, portrait: Portrait) -> None:
    """Draw amplitude over time."""
    samples = portrait.sound.samples
    axes.plot(np.arange(len(samples)) / portrait.sound.rate, samples, linewidth=0.6)
    axes.set(xlabel="seconds", ylabel="amplitude", xlim=(0, portrait.seconds))
    axes.set_title(f"{portrait.title}, {portrait.sound.rate:,} Hz", parse_math=False)


def draw_mfcc(axes: Axes, portrait: Portrait) -> Any:
    """Draw coefficients over time; answers the image, for a scale beside it."""
    coefficients, frames = portrait.mfcc.shape
    half, right = HOP / RATE / 2, (frames - 0.5) * HOP / RATE
    # The first coefficient is the loudness; on a scale that holds it, the others are all alike.
    most = float(np.percentile(np.abs(portrait.mfcc[1:]), 97)) or 1.0
    image = axes.imshow(
        portrait.mfcc,
        cmap="coolwarm",
        vmin=-most,
        vmax=most,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(-half, right, -0.5, coefficients - 0.5),
    )
    axes.set(xlabel="seconds", ylabel="coefficient", xlim=(0, min(portrait.seconds, right) or half))
    return image


def _draw_explanation(axes: Axes, explanation: Explanation) -> None:
    most = float(np.abs(explanation.relevance).max()) or 1.0
    moments, coefficients = explanation.relevance.shape
    axes.imshow(
        explanation.relevance.T,
        cmap="RdGy_r",
        vmin=-most,
        vmax=most,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(0, 1, -0.5, coefficients - 0.5),
    )
    axes.set(xlabel=f"share of the trimmed word, {moments} moments", ylabel="coefficient")
    label, confidence = explanation.guess.label, explanation.guess.confidence
    axes.set_title(f"what speaks for {label} ({confidence:.2f}): red; against it: grey")


def _mfcc(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    try:
        import librosa
    except ImportError as error:
        raise MissingExtra("analysis", "a picture of a clip") from error
    with silenced_about_short_clips():
        mfcc: NDArray[np.float32] = librosa.feature.mfcc(y=samples, sr=RATE, n_mfcc=COEFFICIENTS)
    return mfcc


@contextmanager
def silenced_about_short_clips() -> Iterator[None]:
    """Keep librosa from warning of clips that are shorter than a frame: they are padded."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "n_fft=.* is too large")
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches.

    Raises
    ------
    MissingExtra
        When matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("analysis", "a picture of a clip") from error
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)  # without pyplot, which keeps figures and picks a window system
    return figure


def png_of(figure: Figure) -> bytes:
    """A figure as PNG."""
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # of a clip's or speaker's name
        figure.savefig(content, format="png", dpi=_DPI)
    return content.getvalue()


def _save(figure: Figure, file: Path) -> None:
    content = png_of(figure)
    with written(file) as hidden:
        hidden.write_bytes(content)
