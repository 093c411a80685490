"""Where the imagined camera stands: a random view, and the person's place in the picture."""

import numpy as np


def turn(key_points, world, random, strength, all_around):
    """See the person from elsewhere: each joint moves in the picture as it does when the body turns.

    Where depth was only estimated the turn is small, and the picture keeps what `world` does not know, such
    as the movement of the whole body.
    """
    seen = (key_points[..., 2] > 0) & np.isfinite(world).all(axis=-1)
    flat, places = key_points[..., :2], world.astype(np.float32)
    spread = np.linalg.norm(places[..., :2][seen].std(axis=0))
    if not spread > 1e-3:
        return key_points
    scale = np.linalg.norm(flat[seen].std(axis=0)) / spread  # pixels per metre
    part = 1.0 if all_around else 0.5
    yaw = np.radians(random.uniform(-180, 180) if all_around else random.uniform(-strength.yaw, strength.yaw))
    pitch = np.radians(random.uniform(*strength.pitch)) * part
    cos, sin = np.cos(yaw), np.sin(yaw)
    about_y = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    cos, sin = np.cos(pitch), np.sin(pitch)
    about_x = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    turned = places @ (about_x @ about_y).T.astype(np.float32)
    moved = flat + scale * (turned - places)[..., :2]
    middle = moved[seen].mean(axis=0)
    away = random.uniform(*strength.distance) / part
    nearer = away / np.maximum(away + turned[..., 2:] - turned[..., 2][seen].mean(), 0.5)
    result = key_points.copy()
    result[..., :2] = middle + (moved - middle) * nearer
    return result


def tilt_and_stretch(key_points, random, strength):
    """Roll the camera a little, and stretch the picture as some cameras and players do."""
    seen = key_points[..., 2] > 0
    roll = np.radians(random.uniform(-strength.roll, strength.roll))
    wide = strength.stretch ** random.uniform(-1, 1)
    shear = (strength.stretch - 1) * random.uniform(-0.3, 0.3)
    tilt = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    matrix = tilt @ np.array([[wide, shear], [0, 1]])
    middle = np.array([key_points[..., axis][seen].mean() for axis in (0, 1)])
    result = key_points.copy()
    places = (key_points[..., :2] - middle).reshape(-1, 2)  # contiguous, else the product is not a fast one
    result[..., :2] = (places @ matrix.T.astype(np.float32) + middle).reshape(seen.shape + (2,))
    return result


def place_quantiles(key_points, shares) -> np.ndarray:
    """(shares, 2): quantiles of x and of y among the seen joints of (..., 3) key points."""
    seen = key_points[..., 2] > 0
    # Two sorted rows cost a fraction of what np.percentile does.
    places = np.sort([key_points[..., axis][seen] for axis in (0, 1)])
    position = np.multiply(shares, places.shape[1] - 1)
    below = position.astype(int)
    first, second = places[:, below], places[:, np.minimum(below + 1, places.shape[1] - 1)]
    return (first + (second - first) * (position - below)).T


def body_size(key_points) -> float:
    """Diagonal of the box around the seen joints of (..., 3) key points, in pixels; 1 where hardly any is seen."""
    if np.count_nonzero(key_points[..., 2] > 0) < 2:
        return 1.0
    low, high = place_quantiles(key_points, (0.03, 0.97))
    return float(max(np.hypot(*(high - low)), 1.0))


def place_in_picture(key_points, picture, random, strength):
    """The person at a random size somewhere in the picture (width, height); who does not fit is cut off there."""
    seen = key_points[..., 2] > 0
    if not seen.any():
        return key_points
    low, high = place_quantiles(key_points, (0.02, 0.98))
    extent = np.maximum(high - low, 1.0)
    scale = random.uniform(*strength.fill) * np.min(np.float64(picture) / extent)
    room = np.float64(picture) - scale * extent
    corner = random.uniform(0, 1, 2) * room
    result = key_points.copy()
    result[..., :2] = (key_points[..., :2] - low) * scale + corner
    outside = ((result[..., :2] < 0) | (result[..., :2] > np.float64(picture))).any(axis=-1)
    result[outside | ~seen] = 0
    return result
