/** What an exported file says of itself, from which `POST /models` makes the same model again. */
import type { ExportableModel } from './exporter.js'

/** Texts, because safetensors and ONNX hold nothing else; objects are JSON. Values that the model lacks are absent. */
export function importableMetadata({
  id,
  name,
  network,
  loss,
  coding,
  threshold,
}: Pick<ExportableModel, 'id' | 'name' | 'network' | 'loss' | 'coding' | 'threshold'>): Record<
  string,
  string
> {
  return {
    model: id,
    ...(name === null ? {} : { name }),
    network: JSON.stringify(network),
    loss,
    coding: JSON.stringify(coding),
    ...(threshold === null ? {} : { threshold: String(threshold) }),
  }
}
