"""Several networks as one.

The head is linear in the pooled features, so the mean of several networks' logits is the answer
of one network with their convolutions side by side. Class activation maps and exact occlusion
therefore hold for an ensemble as they do for one network.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch

from cubeview.learn.models.network import Network
from cubeview.learn.models.strided import StridedNetwork, build


def combined(networks: Sequence[Network]) -> Network:
    """Return the network that answers with the mean of several networks' logits.

    They must be of one layout, each of one group. In evaluation mode, on the CPU; one network
    alone comes back as it is.
    """
    count = len(networks)
    if count == 1:
        return networks[0].eval()
    members = [network for network in networks if isinstance(network, StridedNetwork)]
    config = members[0].config if len(members) == count else None
    if config is None or config.groups != 1 or any(one.config != config for one in members):
        raise ValueError("only networks of one layout, each of one group, can be combined")
    widths = tuple(count * width for width in config.widths)
    whole = build(replace(config, groups=count, widths=widths))
    states = [member.state_dict() for member in members]
    merged = {}
    for name, value in whole.state_dict().items():
        parts = [state[name].cpu() for state in states]
        if name == "head.weight":
            merged[name] = torch.cat(parts, dim=1) / count
        elif name == "head.bias":
            merged[name] = torch.stack(parts).mean(dim=0)
        elif value.ndim == 0:  # number of batches seen, the same for all
            merged[name] = parts[0]
        else:
            merged[name] = torch.cat(parts)
    whole.load_state_dict(merged)
    return whole.eval()
