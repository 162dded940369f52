"""One run's learning rate."""

import torch

from training.schedule import Cycle


def test_a_run_warms_up_and_its_minutes_begin_with_its_first_step() -> None:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    cycle = Cycle(1e-3, warm_up=10, minutes=60)
    assert cycle.done == 0.0
    rates = []
    for _ in range(12):
        cycle.step(optimiser)
        rates.append(optimiser.param_groups[0]["lr"])
    assert rates[0] < 2e-4 and rates == sorted(rates[:10]) + rates[10:]
    assert 0.9e-3 < rates[11] <= 1e-3
    assert 0.0 < cycle.done < 0.1
