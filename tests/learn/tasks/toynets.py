"""A segmenter and an auto-encoder of a few hundred weights: networks of other shapes."""

from torch import nn

from cubeview.learn.models.network import Network
from cubeview.learn.models.receptive import Layer, Layout


class _Toy(Network):
    """What both have in common: `layers` convolutions, of which `early` sees the first."""

    early_stages = 1
    name: str
    layers: tuple[Layer, ...]

    def __init__(self, channels_in=2, **entries):
        super().__init__()
        self.own = {"channels_in": channels_in, **entries}
        inside, stages = channels_in, []
        for layer in self.layers:
            conv = nn.Conv3d(inside, layer.channels, layer.kernel, layer.stride, layer.pad[0])
            stages.append(nn.Sequential(conv, nn.LeakyReLU()))
            inside = layer.channels
        self.features = nn.Sequential(*stages)

    def layout(self):
        return Layout(self.own["channels_in"], self.layers)

    @property
    def stages(self):
        return list(self.features)

    def early(self, x):
        return self.features[0](x).mean(dim=(2, 3, 4))

    def entries(self):
        return {"name": self.name, **self.own}


class ToySegmenter(_Toy):
    """Two convolutions that keep the grid, and one class for each voxel."""

    name = "toy segmenter"
    layers = (Layer(3, 1, (1, 1), 8), Layer(3, 1, (1, 1), 8))

    def __init__(self, channels_in=2, classes=5):
        super().__init__(channels_in, classes=classes)
        self.reset_head(classes)

    def reset_head(self, classes):
        self.own["classes"] = classes
        self.head = nn.Conv3d(8, classes, 1)


class ToyEmbedder(_Toy):
    """An auto-encoder of inputs of 16 voxels by way of a vector of 12 numbers."""

    name = "toy embedder"
    layers = (Layer(4, 4, (0, 0), 8), Layer(4, 4, (0, 0), 12))

    def __init__(self, channels_in=2):
        super().__init__(channels_in)
        self.head = nn.Sequential(
            nn.ConvTranspose3d(12, 8, 4), nn.ReLU(), nn.ConvTranspose3d(8, channels_in, 4, 4)
        )

    def reset_head(self, classes):
        raise NotImplementedError


def made(kind):
    """Return what builds a toy from a card's entries."""
    return lambda entries: kind(**{n: value for n, value in entries.items() if n != "name"})


TOYS = {kind.name: made(kind) for kind in (ToySegmenter, ToyEmbedder)}
