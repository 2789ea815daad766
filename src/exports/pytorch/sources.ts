/** The parts of model.py that are the same for all models. */

export const weightsSource = `
def read_safetensors(path):
    """The float32 tensors of a safetensors file by name."""
    data = bytearray(pathlib.Path(path).read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=start + begin)
        tensors[name] = values.reshape(entry["shape"]).clone()
    return tensors


def load(path=WEIGHTS):
    """The network with its weights, for predictions. Takes names=torch and the names of the service."""
    tensors = read_safetensors(path)
    network = build()
    state = {name: tensors[name] if name in tensors else tensors[source] for name, source in TENSORS.items()}
    network.load_state_dict(state)
    return network.eval()


def compute(network, inputs):
    """The outputs of the network for a list of rows of its inputs."""
    with torch.no_grad():
        return network(torch.tensor(inputs, dtype=torch.float32).reshape(-1, *INPUT_SHAPE))
`

export const answerSource = `

def decode(output):
    """A prediction from the outputs of the network for one row."""
    if not all(map(math.isfinite, output)):
        raise ValueError("the output of the network is not finite")
    kind, names, threshold = ANSWER["type"], ANSWER["names"], ANSWER["positiveFrom"]
    if kind == "number":
        scaling = ANSWER["scaling"]
        if scaling is not None:
            output = [v * s + o for v, s, o in zip(output, scaling["scale"], scaling["offset"])]
        return {"output": output}
    probabilities = [1 - output[0], output[0]] if kind == "binary" else output
    if kind == "multiLabel":
        answer = {"output": output, "labels": [n for n, v in zip(names, output) if v >= threshold]}
    elif threshold is None:
        answer = {"output": output, "label": names[output.index(max(output))]}
    else:
        answer = {"output": output, "label": names[int(output[-1] >= threshold)]}
    if ANSWER["hasProbabilities"]:
        answer["probabilities"] = dict(zip(names, probabilities))
    return answer


def predict(network, rows):
    """Answers as POST /models/{id}/predict does for these raw rows, without warnings."""
    outputs = compute(network, [encode(row) for row in rows])
    return [decode(output) for output in outputs.reshape(len(rows), -1).tolist()]
`

export const plainAnswerSource = `

def predict(network, rows):
    """The outputs of the network for a list of rows of its inputs."""
    return [{"output": output} for output in compute(network, rows).reshape(len(rows), -1).tolist()]
`

/** Rows in JSON from stdin, predictions to stdout. */
export const runSource = `

if __name__ == "__main__":
    print(json.dumps(predict(load(), json.load(sys.stdin))))
`
