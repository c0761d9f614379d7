"""What hearts bring to learning."""

from cubeview.learn.heart.prepare import HeartConfig, prepare_heart
from cubeview.learn.models.rooms import Room

ROOM = Room(config=HeartConfig.from_dict, prepare=prepare_heart)
