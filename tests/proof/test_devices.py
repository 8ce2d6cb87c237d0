"""Each safety device taken out is missed: a walk that strains it breaks the promise it keeps."""

from __future__ import annotations

import pytest

from tests.proof.devices import DEVICES, Device
from tests.proof.walk import drawn, walk
from tests.proof.world import World

STEPS, WALKS = 150, 6


def broken(world: World, device: Device, walks: int) -> set[str]:
    """The promises that walks without the device broke, until one of its own is among them."""
    found: set[str] = set()
    for seed in range(1, walks + 1):
        with pytest.MonkeyPatch.context() as patch:
            device.take_out(patch)
            found |= {one.promise for one in walk(world, drawn(seed, STEPS, device.only)).violations}
        if found & set(device.breaks):
            break
    return found


def named(devices: tuple[Device, ...]) -> list[object]:
    return [pytest.param(device, id=device.name.replace(" ", "-")) for device in devices]


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("device", named(DEVICES))
def test_every_device_taken_out_is_missed(world: World, device: Device) -> None:
    with pytest.MonkeyPatch.context() as patch:
        device.take_out(patch)
        assert patch._setattr, "it takes something out"
    assert broken(world, device, WALKS) & set(device.breaks)
