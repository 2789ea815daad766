/** model.py: the network as a PyTorch module, which reads its weights from a safetensors file beside it. */
import { usualMissingTexts } from '../../contract/missing-texts.js'
import { answerRules } from '../answer-rules.js'
import type { ExportableModel, ExportedFile, Exporter, ExportOptions } from '../exporter.js'
import { pythonLiteral } from './literals.js'
import { torchModules } from './modules.js'
import { rowSource } from './row-source.js'
import { answerSource, plainAnswerSource, runSource, weightsSource } from './sources.js'

export const pytorchExporter: Exporter = { refusal: () => null, write: writeProgram }

function writeProgram(model: ExportableModel, _: unknown, { preprocessing }: ExportOptions): ExportedFile {
  const code = [
    header(model),
    networkSource(model),
    weightsSource,
    ...(preprocessing ? [codingSource(model), rowSource, answerSource] : [plainAnswerSource]),
    runSource,
  ]
  return { name: 'model.py', mediaType: 'text/x-python', bytes: Buffer.from(code.join('\n')) }
}

/** The docstring holds no name, which could end it. */
function header({ id }: ExportableModel): string {
  return `"""The model ${id} from Descent, for PyTorch 1.13 or newer.

Keep ${id}.safetensors beside this file: GET /models/${id}/export?format=safetensors&names=torch
"""

import datetime
import json
import math
import pathlib
import re
import sys
import unicodedata

import torch
from torch import nn

WEIGHTS = pathlib.Path(__file__).with_name("${id}.safetensors")
`
}

function networkSource(model: ExportableModel): string {
  const modules = torchModules(model)
  const lines = modules.map(({ code }, index) => `        ${code},  # ${index}`)
  const names = modules.flatMap(({ tensors }, index) =>
    tensors.map(
      ({ name, source }) => `    ${JSON.stringify(`${index}.${name}`)}: ${JSON.stringify(source)},`,
    ),
  )
  const classes = Object.entries(ownClasses).flatMap(([name, source]) =>
    modules.some(({ code }) => code.startsWith(name)) ? [source] : [],
  )
  return `${classes.join('')}
INPUT_SHAPE = (${(model.network.inputShape ?? []).join(', ')},)
# The tensors of the network, and their names in files with the names of the service.
TENSORS = {
${names.join('\n')}
}


def build():
    """The network without its weights. Inputs are [rows, *INPUT_SHAPE], float32."""
    return nn.Sequential(
${lines.join('\n')}
    )
`
}

/** Modules that PyTorch lacks, by name. */
const ownClasses: Readonly<Record<string, string>> = {
  Step: `
class Step(nn.Module):
    """1 where the input is at least 0, else 0."""

    def forward(self, x):
        return (x >= 0).to(x.dtype)

`,
  LocallyConnected1d: `
class LocallyConnected1d(nn.Module):
    """A convolution of signals with separate weights at each position."""

    def __init__(self, channels, length, filters, kernel_size, stride, bias):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride
        positions = (length - kernel_size) // stride + 1
        self.weight = nn.Parameter(torch.empty(positions, filters, channels, kernel_size))
        self.bias = nn.Parameter(torch.empty(positions, filters)) if bias else None

    def forward(self, x):
        windows = x.unfold(2, self.kernel_size, self.stride)
        y = torch.einsum("ncpk,pfck->nfp", windows, self.weight)
        return y if self.bias is None else y + self.bias.T

`,
  LocallyConnected2d: `
class LocallyConnected2d(nn.Module):
    """A convolution of images with separate weights at each position."""

    def __init__(self, channels, height, width, filters, kernel_size, stride, bias):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride
        sides = [(side - kernel) // step + 1 for side, kernel, step in zip((height, width), kernel_size, stride)]
        self.weight = nn.Parameter(torch.empty(*sides, filters, channels, *kernel_size))
        self.bias = nn.Parameter(torch.empty(*sides, filters)) if bias else None

    def forward(self, x):
        for axis, kernel, step in zip((2, 3), self.kernel_size, self.stride):
            x = x.unfold(axis, kernel, step)
        y = torch.einsum("ncijkl,ijfckl->nfij", x, self.weight)
        return y if self.bias is None else y + self.bias.permute(2, 0, 1)

`,
}

function codingSource(model: ExportableModel): string {
  const { features, derived = [], ignored = [] } = model.coding
  const columns = features.map((feature) => `    ${pythonLiteral(feature)},`)
  const { type, names, hasProbabilities, positiveFrom, scaling } = answerRules(model)
  const answer = { type, names, hasProbabilities, positiveFrom, scaling: scaling && { ...scaling } }
  return `
COLUMNS = [
${columns.join('\n')}
]
# Numbers that are computed from columns. They follow those of the columns.
DERIVED = ${pythonLiteral(derived)}
IGNORED = ${pythonLiteral(ignored)}
USUAL_MISSING_TEXTS = ${pythonLiteral([...usualMissingTexts])}
ANSWER = ${pythonLiteral(answer)}
`
}
