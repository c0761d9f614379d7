"""What the sky brings to learning."""

from cubeview.learn.models.rooms import Room
from cubeview.learn.sky.prepare import SkyConfig, prepare_sky

ROOM = Room(config=SkyConfig.from_dict, prepare=prepare_sky)
