"""The hidden part of the network: recurrent cells, and a window without recurrence as their contrast.

All have the same interface: inputs (B, L, D) and a state -> hidden (B, L, hidden_units) and the state after. A state is
a tuple of (layers, B, ...) tensors, zeros = no past.
"""

import math

import torch
from torch import Tensor, nn

from anomaly.domain import FitSettings

State = tuple[Tensor, ...]


class Recurrent(nn.Module):
    """torch's own recurrent layers; the state is (h,), or (h, c) for an LSTM."""

    def __init__(self, settings: FitSettings, input_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, settings.hidden_units
        dropout = settings.dropout if settings.layers > 1 else 0.0
        sizes = (input_size, settings.hidden_units, settings.layers)
        if settings.cell == "lstm":
            self.layers: nn.RNNBase = nn.LSTM(*sizes, batch_first=True, dropout=dropout)
        elif settings.cell == "gru":
            self.layers = nn.GRU(*sizes, batch_first=True, dropout=dropout)
        else:
            sign = "relu" if settings.cell == "relu" else "tanh"
            self.layers = nn.RNN(*sizes, nonlinearity=sign, batch_first=True, dropout=dropout)

    def start(self, batch: int) -> State:
        zeros = next(self.parameters()).new_zeros(self.layers.num_layers, batch, self.hidden_size)
        return (zeros, zeros) if isinstance(self.layers, nn.LSTM) else (zeros,)

    def forward(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        if isinstance(self.layers, nn.LSTM):
            return self.layers(inputs, state)
        hidden, last = self.layers(inputs, state[0])
        return hidden, (last,)

    def step(self, inputs: Tensor, state: State) -> State:
        """The state after one step of inputs (B, D), without dropout: as `forward`, and a third of its time on the way
        back, where oneDNN's kernel for sequences asks for the slopes of all weights, wanted or not."""
        after = []
        for layer, weights in enumerate(self.layers.all_weights):
            before = [part[layer] for part in state]
            now: State
            if isinstance(self.layers, nn.LSTM):
                now = torch.lstm_cell(inputs, before, *weights)
            elif isinstance(self.layers, nn.GRU):
                now = (torch.gru_cell(inputs, before[0], *weights),)
            else:
                cell = torch.rnn_relu_cell if self.layers.nonlinearity == "relu" else torch.rnn_tanh_cell
                now = (cell(inputs, before[0], *weights),)
            after.append(now)
            inputs = now[0]
        return tuple(torch.stack(parts) for parts in zip(*after, strict=True))

    def initialise(self, settings: FitSettings, generator: torch.Generator) -> None:
        """Initialise recurrent weights as `recurrent_init` and the biases of gates as `forget_bias` say."""
        size = self.hidden_size
        with torch.no_grad():
            for name, weight in self.layers.named_parameters():
                if name.startswith("weight_hh") and settings.drawn_init != "uniform":
                    for gate in weight.split(size):
                        gate.copy_(draw_square(settings.drawn_init, size, generator))
                elif settings.cell == "relu" and "bias" in name:
                    weight.zero_()
                elif settings.cell in KEEPS and name.startswith("bias_ih"):
                    self._keep(weight, settings, generator)

    def _keep(self, bias: Tensor, settings: FitSettings, generator: torch.Generator) -> None:
        """Add to the bias of the gate that keeps the state: forget (LSTM) or update (GRU).

        A gate at sigmoid(b) keeps for about 1 + e^b steps. "chrono" draws those times evenly from 1 to the truncation
        length, and closes the input gate as far (Tallec & Ollivier 2018).
        """
        gates = bias.split(self.hidden_size)
        keep = gates[KEEPS[settings.cell]]
        if settings.forget_bias != "chrono":
            keep += settings.forget_bias
            return
        longest = max(settings.bptt_steps, 2)
        steps = torch.empty(self.hidden_size).uniform_(1, longest - 1, generator=generator)
        keep.copy_(steps.log())
        if settings.cell == "lstm":
            gates[INPUT_GATE].copy_(-steps.log())


class Window(nn.Module):
    """A fixed window of the last k steps, with weights for every position, and ReLU layers above.

    Its state is the last k - 1 inputs: nothing older can be seen.
    """

    def __init__(self, settings: FitSettings, input_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, settings.hidden_units
        self.steps = settings.window_steps
        self.first = nn.Conv1d(input_size, settings.hidden_units, self.steps)
        self.rest = nn.ModuleList(
            [nn.Linear(settings.hidden_units, settings.hidden_units) for _ in range(settings.layers - 1)]
        )
        self.dropout = nn.Dropout(settings.dropout)

    def start(self, batch: int) -> State:
        return (self.first.weight.new_zeros(1, batch, (self.steps - 1) * self.input_size),)

    def forward(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        past = state[0][0].unflatten(1, (self.steps - 1, self.input_size))
        seen = torch.cat([past, inputs], 1)
        hidden = self.first(seen.transpose(1, 2)).transpose(1, 2).relu()
        for layer in self.rest:
            hidden = layer(self.dropout(hidden)).relu()
        return hidden, (seen[:, inputs.shape[1] :].flatten(1)[None],)

    def initialise(self, settings: FitSettings, generator: torch.Generator) -> None:
        """Glorot & Bengio 2010 for rectified units, as He et al. 2015 correct it."""
        with torch.no_grad():
            for weight in (one for one in self.parameters() if one.dim() > 1):
                bound = math.sqrt(6 / weight[0].numel())
                weight.copy_(torch.empty(weight.shape).uniform_(-bound, bound, generator=generator))


KEEPS = {"lstm": 1, "gru": 1}
"""which of torch's gates keeps the state: forget of (input, forget, cell, output), update of (reset, update, new)"""
INPUT_GATE = 0


def draw_square(how: str, size: int, generator: torch.Generator) -> Tensor:
    """(size, size) recurrent weights: orthogonal (Saxe et al. 2014), identity (Le et al. 2015) or Glorot (Glorot &
    Bengio 2010)."""
    if how == "identity":
        return torch.eye(size)
    if how == "orthogonal":
        q, r = torch.linalg.qr(torch.empty(size, size).normal_(generator=generator))
        return q * r.diagonal().sign()
    bound = math.sqrt(3 / size)
    return torch.empty(size, size).uniform_(-bound, bound, generator=generator)
