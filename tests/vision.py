"""How colours are seen by people with and without a deficiency of colour vision."""

import numpy as np
import numpy.typing as npt

Color = npt.NDArray[np.float64]

# Gustavo M. Machado, Manuel M. Oliveira, Leandro A. F. Fernandes: A Physiologically-based Model for Simulation of Color
# Vision Deficiency. IEEE TVCG 15(6), 2009. The matrices of severity 1.0, which apply to linear RGB.
VISION = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# IEC 61966-2-1: linear RGB to XYZ, whose white is D65.
XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
WHITE = [0.95047, 1.0, 1.08883]


def linear(color: str) -> Color:
    """The linear RGB of a colour of sRGB, such as #88CCEE."""
    values = np.array([int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(color: str, vision: str = "normal") -> Color:
    """L*, a* and b* (CIE 1976) of a colour as it is seen."""
    seen = np.clip(np.array(VISION[vision]) @ linear(color), 0, 1)
    t = np.array(XYZ) @ seen / np.array(WHITE)
    x, y, z = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def difference(one: str, two: str, vision: str) -> float:
    return float(np.linalg.norm(lab(one, vision) - lab(two, vision)))
