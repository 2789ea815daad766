/** The fields of an import: first what the file does not have, then what may be added. */
import type { Model } from '../api/types.js'
import { SelectField, TextAreaField, TextField } from '../components/field.js'
import { FileText } from '../components/file-text.js'
import { plural } from '../format.js'
import type { ImportErrors, ImportForm } from './import-form.js'
import type { FileTensor, ModelFile } from './model-file.js'

const networkExample =
  '{"inputShape": [4], "layers": [{"type": "dense", "units": 6, "activation": "relu"}, {"type": "dense", "units": 3, "activation": "softmax"}]}'

interface Props {
  content: ModelFile
  form: ImportForm
  errors: ImportErrors
  change(part: Partial<ImportForm>): void
}

export function ImportFields({ content, form, errors, change }: Props) {
  return (
    <>
      <p>{whatIsNeeded(content)}</p>
      {content.type === 'weights' ? (
        <>
          <Tensors tensors={content.tensors} />
          <TextAreaField
            label="Network (JSON)"
            rows={7}
            value={form.network}
            onChange={(network) => change({ network })}
            placeholder={networkExample}
            error={errors.network}
            hint="inputShape and layers, in the order in which the network computes them"
          />
          <FileText label="Read the network from a file" onText={(network) => change({ network })} />
        </>
      ) : null}
      <TextField
        label="Name"
        value={form.name}
        onChange={(name) => change({ name })}
        error={errors.name}
        hint={content.type === 'exported' ? 'Default: the name in the file' : undefined}
      />
      {content.type === 'exported' ? (
        <details>
          <summary>Replace what the file says</summary>
          <Names form={form} errors={errors} change={change} />
        </details>
      ) : (
        <Names form={form} errors={errors} change={change} />
      )}
    </>
  )
}

function whatIsNeeded({ type }: ModelFile): string {
  switch (type) {
    case 'exported':
      return 'The file has its network, its columns and its classes. Nothing else is needed.'
    case 'weights':
      return 'The file has weights without their network, such as a state dict of PyTorch. Describe the network, and name its inputs and what it predicts.'
    case 'other':
      return 'An ONNX file has its network. If another program wrote it, name its inputs and what it predicts.'
    default:
      return type satisfies never
  }
}

function Names({ form, errors, change }: Omit<Props, 'content'>) {
  const separated = 'separated by commas'
  return (
    <>
      <div class="pair wide">
        <TextField
          label="Columns"
          value={form.columns}
          onChange={(columns) => change({ columns })}
          error={errors.columns}
          hint={`names of the inputs, ${separated}. Default: x1, x2, …`}
        />
        <TextField
          label="Targets"
          value={form.targets}
          onChange={(targets) => change({ targets })}
          error={errors.targets}
          hint={`names of what it predicts, ${separated}. Default: y`}
        />
        <TextField
          label="Classes"
          value={form.classes}
          onChange={(classes) => change({ classes })}
          error={errors.classes}
          hint={`in the order of the outputs, ${separated}`}
        />
        <SelectField
          label="Loss"
          value={form.loss}
          onChange={(loss) => change({ loss })}
          error={errors.loss}
          options={losses}
        />
      </div>
      <details open={form.coding !== ''}>
        <summary>Scales, categories and missing values</summary>
        <TextAreaField
          label="Coding (JSON)"
          rows={5}
          value={form.coding}
          onChange={(coding) => change({ coding })}
          error={errors.coding}
          hint="how raw rows become inputs, as in the coding of a model. It replaces columns, targets and classes."
        />
      </details>
    </>
  )
}

const lossNames = {
  squaredError: 'squared error',
  meanSquaredError: 'mean squared error',
  meanAbsoluteError: 'mean absolute error',
  huber: 'Huber',
  binaryCrossentropy: 'binary cross-entropy',
  categoricalCrossentropy: 'categorical cross-entropy',
  hinge: 'hinge',
  perceptron: 'perceptron',
} as const satisfies Record<Model['loss'], string>

const losses = [['', 'usual one of the last activation'], ...Object.entries(lossNames)] as const

const maximumTensors = 200

function Tensors({ tensors }: { tensors: readonly FileTensor[] }) {
  const sorted = tensors.toSorted((one, other) => one.name.localeCompare(other.name, 'en', { numeric: true }))
  return (
    <details>
      <summary>{plural(tensors.length, 'tensor')} in the file</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus */}
      <section class="scroll short" tabIndex={0} aria-label="Tensors of the file">
        <table class="plain small">
          <thead>
            <tr>
              <th scope="col">Tensor</th>
              <th scope="col">Shape</th>
              <th scope="col">Type</th>
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, maximumTensors).map(({ name, shape, dtype }) => (
              <tr key={name}>
                <td>{name}</td>
                <td>{shape.length === 0 ? 'scalar' : shape.join(' × ')}</td>
                <td>{dtype}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {tensors.length > maximumTensors ? (
        <p class="hint">and {plural(tensors.length - maximumTensors, 'more tensor')}</p>
      ) : null}
    </details>
  )
}
