"""PyTorch: modules, autograd and an optimiser; and one step as a compiled function."""

import numpy as np
import torch

from mlp_cli.nn.encoding import one_hot, pixels_to_x


class _PyTorch:
    """The data as tensors. Batches are taken by index, which a DataLoader does far slower."""

    def __init__(self, network, images, labels, *, eta, batch_size, rng):
        self.x = torch.from_numpy(pixels_to_x(images, np.float32))
        self.y = torch.from_numpy(one_hot(labels, network.sizes[-1], np.float32))
        self.eta, self.batch_size = eta, batch_size
        torch.manual_seed(int(rng.integers(2**31)))
        layers = []
        for W, b in zip(network.weights, network.biases, strict=True):
            linear = torch.nn.Linear(W.shape[1], W.shape[0])
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(W))
                linear.bias.copy_(torch.from_numpy(b))
            layers += [linear, torch.nn.Sigmoid()]
        self.model = torch.nn.Sequential(*layers)

    def batches(self):
        return torch.randperm(len(self.x)).split(self.batch_size)

    def parameters(self):
        arrays = [p.detach().numpy() for p in self.model.parameters()]
        return arrays[::2], arrays[1::2]


class Eager(_PyTorch):
    """As PyTorch's own examples train, with its fused optimiser."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=self.eta, fused=True)

    def train_epoch(self):
        for batch in self.batches():
            y = self.y[batch]
            self.optimizer.zero_grad(set_to_none=True)
            cost = 0.5 * (self.model(self.x[batch]) - y).square().sum() / len(batch)
            cost.backward()
            self.optimizer.step()


class Compiled(_PyTorch):
    """`torch.compile` of the whole step: gather, gradient and update in one graph.

    Compiling the module alone, with autograd and optimiser outside it, is slower than eager.
    """

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.tensors = [p.detach() for p in self.model.parameters()]
        gradient = torch.func.grad(_cost)

        def step(tensors, x, y, batch):
            derivatives = gradient(tensors, x[batch], y[batch])
            for tensor, derivative in zip(tensors, derivatives, strict=True):
                tensor.sub_(self.eta * derivative)

        self.step = torch.compile(step)

    @torch.no_grad()
    def train_epoch(self):
        for batch in self.batches():
            self.step(self.tensors, self.x, self.y, batch)


def _cost(tensors, x, y):
    a = x
    for W, b in zip(tensors[::2], tensors[1::2], strict=True):
        a = torch.sigmoid(torch.nn.functional.linear(a, W, b))
    return 0.5 * (a - y).square().sum() / len(x)
