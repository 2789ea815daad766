"""PyTorch, with updates of all parameters at once. Variants: plain, channels-last, or jit (compiled by TorchScript)."""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional

task = dict(argument.split('=') for argument in sys.argv[1:])
rows, batch, epochs, classes = (int(task[name]) for name in ('rows', 'batch', 'epochs', 'classes'))
widths = [int(width) for width in task['widths'].split(',') if width]
shape = [int(size) for size in task['inputShape'].split(',')]
xor = task['workload'] == 'W1'
channels_last = task['variant'] == 'channels-last'
compiled = task['variant'] == 'jit'

torch.set_num_threads(int(task['threads']))
torch.set_flush_denormal(True)


def build():
    relu = nn.ReLU(inplace=True)
    if task['workload'] == 'W7':
        first = [nn.Conv2d(1, 8, 5), relu, nn.MaxPool2d(2), nn.Conv2d(8, 16, 5), relu, nn.MaxPool2d(2)]
        return nn.Sequential(*first, nn.Flatten(), nn.Linear(256, 64), relu, nn.Linear(64, 10))
    if task['workload'] == 'W8':
        first = [nn.Conv1d(1, 16, 3), relu, nn.Conv1d(16, 32, 3), relu, nn.AdaptiveAvgPool1d(1)]
        return nn.Sequential(*first, nn.Flatten(), nn.Linear(32, 4))
    layers = []
    for inputs, units in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, units), nn.Sigmoid() if xor else relu]
    return nn.Sequential(*(layers if xor else layers[:-1]))


class Loss(nn.Module):
    def __init__(self, network, squared: bool):
        super().__init__()
        self.network = network
        self.squared = squared

    def forward(self, x, y):
        z = self.network(x)
        return 0.5 * ((z - y) ** 2).sum() if self.squared else functional.cross_entropy(z, y)


def data():
    """Inputs around zero with labels of a random linear teacher, or XOR's four rows."""
    if xor:
        return torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([[0.0], [1], [1], [0]])
    x = torch.rand(rows, *shape) * 2 - 1
    seen = x.flatten(1)[:, :64]
    return x, (seen @ (torch.rand(seen.shape[1], classes) * 2 - 1)).argmax(1)


network = build()
x, y = data()
if channels_last:
    x, network = x.contiguous(memory_format=torch.channels_last), network.to(memory_format=torch.channels_last)


def prediction():
    network.eval()
    answer = torch.jit.optimize_for_inference(torch.jit.script(network)) if compiled else network

    def run():
        with torch.inference_mode():
            for _ in range(int(task['calls'])):
                functional.softmax(answer(x), dim=1)

    return run


def training():
    kind = {'sgd': lambda *a, **b: torch.optim.SGD(*a, momentum=0.9, **b), 'adam': torch.optim.Adam}
    optimizer = kind[task['optimizer']](network.parameters(), lr=float(task['learningRate']), foreach=True)
    loss_of = torch.jit.script(Loss(network, xor)) if compiled else Loss(network, xor)

    def batches():
        if batch >= rows:
            return [(x, y)]
        order = torch.randperm(rows)
        return zip(x[order].split(batch), y[order].split(batch))

    def run():
        for _ in range(epochs):
            for inputs, targets in batches():
                optimizer.zero_grad(set_to_none=True)
                loss_of(inputs, targets).backward()
                optimizer.step()

    return run


run = prediction() if task['workload'].startswith('P') else training()
# TorchScript compiles during its first two runs.
for _ in range(2 if compiled else 1):
    run()
seconds = []
for _ in range(int(task['runs'])):
    begin = time.perf_counter()
    run()
    seconds.append(time.perf_counter() - begin)
print(json.dumps({'peer': 'pytorch', 'version': torch.__version__, 'seconds': seconds}))
