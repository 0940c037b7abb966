"""Tell words from numbers, by the odds that all of a word's shapes are digits.

Words stand beside numbers on envelopes and forms, and are not to be read.
"""

import numpy as np
import numpy.typing as npt

from mlp_cli.images.several.crowd import Crowd
from mlp_cli.images.threshold import median
from mlp_cli.images.types import IndexArray, Mask

Odds = npt.NDArray[np.float64]

GAP = 0.6
"""heights between a word, or a number, and the next"""
LEAST_ODDS, MOST_ODDS = -4.0, 2.2
"""natural logarithms of odds: what one shape says at most; some digits are written as no other is,
and some letters as digits are"""
LEAST_OF_PIECE, MOST_OF_PIECE = -2.0, 1.0
"""what a shape that was cut says at most: strokes of letters are like digits"""
OF_BAR, OF_CUT_BAR = -0.5, -1.5
"""what a bare line says, or one that was cut: letters have more of them than numbers"""
WORD = -6.0
"""a sum for several shapes that is lower than this is that of a word"""
WORD_BESIDE_WORDS = -1.0
"""so is one lower than this, where there is such a word on the page"""
NUMBER = 3.0
"""a sum that is higher than this is that of a number, whatever else is on the page"""


def in_words(crowd: Crowd, lines: list[list[int]]) -> Mask:
    """Return which shapes belong to words.

    lines: the numbers of the shapes of each line.
    """
    odds, sizes = _odds_of_words(crowd, lines)
    if not ((odds < WORD) & (sizes > 1)).any():
        return np.zeros(len(crowd.shapes), np.bool_)
    return odds < WORD_BESIDE_WORDS


def in_numbers(crowd: Crowd, lines: list[list[int]]) -> Mask:
    """Return which shapes surely belong to numbers.

    lines: the numbers of the shapes of each line.
    """
    return _odds_of_words(crowd, lines)[0] > NUMBER


def _odds_of_words(crowd: Crowd, lines: list[list[int]]) -> tuple[Odds, IndexArray]:
    """Return, for each shape, the log odds that its word is a number, and the word's size.

    A word is shapes of a line with small gaps between. The odds of the likeness p are p / (1 - p),
    and those of a word the product of its shapes':

        log odds = sum of log(p / (1 - p))
    """
    log_odds = _log_odds(crowd)
    odds, sizes = np.zeros(len(crowd.shapes)), np.zeros(len(crowd.shapes), np.int64)
    for line in lines:
        for word in _words(crowd, line):
            odds[word], sizes[word] = log_odds[word].sum(), len(word)
    return odds, sizes


def _log_odds(crowd: Crowd) -> Odds:
    """Return what each shape says for digits, within bounds."""
    lowest = np.where(crowd.is_cut, LEAST_OF_PIECE, LEAST_ODDS)
    highest = np.where(crowd.is_cut, MOST_OF_PIECE, MOST_ODDS)
    likeness = crowd.likeness.clip(1e-6, 1 - 1e-6)
    log_odds = np.log(likeness / (1 - likeness)).clip(lowest, highest)
    of_bar = np.where(crowd.is_cut, OF_CUT_BAR, OF_BAR)
    return np.where(crowd.bars, of_bar, log_odds)


def _words(crowd: Crowd, line: list[int]) -> list[list[int]]:
    """Return the shapes of a line, those together that have no wide gap between."""
    boxes = [crowd.shapes[k].box for k in line]
    widest = GAP * float(median(np.array([box.height for box in boxes])))
    words, end = [[line[0]]], boxes[0].right
    for k, box in zip(line[1:], boxes[1:], strict=True):
        if box.left - end > widest:
            words.append([])
        words[-1].append(k)
        end = max(end, box.right)
    return words
