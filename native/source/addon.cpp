// The Node-API interface of the addon: trainers and predictors over memory that the host owns.
#include <node_api.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "cpu-features.h"
#include "training.h"

namespace descent {

void FreeFloats::operator()(float* floats) const { std::free(floats); }

namespace {

/// Under AddressSanitizer, each call works on a copy of the arena on the heap, so that out-of-bounds access is detected.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool copiesArena = true;
#else
constexpr bool copiesArena = false;
#endif

constexpr napi_type_tag trainerTag{0x9b4c1d7e20f34a51, 0x8e6f0a92c3d45b17};
constexpr napi_type_tag predictorTag{0x1f8d63c5a7e9420b, 0xb25e7f1809ac3d46};

/// Reported to JavaScript as an Error.
struct AddonError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void check(napi_status status) {
  if (status != napi_ok) throw AddonError("an argument has the wrong type");
}

#define DESCENT_TEXT_OF(name) #name
#define DESCENT_TEXT(macro) DESCENT_TEXT_OF(macro)
/// The variant of this addon, in code that runs on any processor.
constexpr const char* compiledName = DESCENT_TEXT(DESCENT_KERNELS);

/// Null if the processor does not support them, or if the addon has another variant.
const Kernels* findKernels(const std::string& name) {
  const bool expected = name.empty() || name == compiledName;
  return expected && processorSupports(compiledName) ? &compiledKernels() : nullptr;
}

struct Arena {
  float* shared = nullptr;
  size_t floats = 0;
  std::unique_ptr<float[]> copy;

  float* begin() {
    if (copiesArena && !copy) copy.reset(new float[floats]);
    return copy ? copy.get() : shared;
  }
  void copyIn() {
    if (copy) std::memcpy(copy.get(), shared, floats * sizeof(float));
  }
  void copyOut() {
    if (copy) std::memcpy(shared, copy.get(), floats * sizeof(float));
  }
};

struct Trainer {
  const Kernels* kernels;
  Arena arena;
  Training training;
};

struct Predictor {
  const Kernels* kernels;
  Arena arena;
  Machine machine;
};

template <typename Element> struct Array {
  Element* data;
  size_t length;
};

template <typename Element> Array<Element> readArray(napi_env env, napi_value value, napi_typedarray_type expected) {
  napi_typedarray_type type;
  Array<Element> array{nullptr, 0};
  void* data = nullptr;
  check(napi_get_typedarray_info(env, value, &type, &array.length, &data, nullptr, nullptr));
  if (type != expected) throw AddonError("an array has the wrong element type");
  array.data = static_cast<Element*>(data);
  return array;
}

Array<float> readFloats(napi_env env, napi_value value) { return readArray<float>(env, value, napi_float32_array); }
Array<double> readDoubles(napi_env env, napi_value value) { return readArray<double>(env, value, napi_float64_array); }
Array<int32_t> readWords(napi_env env, napi_value value) { return readArray<int32_t>(env, value, napi_int32_array); }

std::string readString(napi_env env, napi_value value) {
  char text[32];
  size_t length = 0;
  check(napi_get_value_string_utf8(env, value, text, sizeof text, &length));
  return {text, length};
}

int64_t readInteger(double value, double min, double max) {
  if (!(value >= min && value <= max) || value != std::floor(value)) throw AddonError("an integer is out of range");
  return static_cast<int64_t>(value);
}

/// The arguments of a call, exactly `count`.
template <size_t count> struct Arguments {
  napi_value at[count];
  Arguments(napi_env env, napi_callback_info info) {
    size_t arguments = count;
    check(napi_get_cb_info(env, info, &arguments, at, nullptr, nullptr));
    if (arguments != count) throw AddonError("a call has the wrong number of arguments");
  }
};

template <typename Held> napi_value wrapObject(napi_env env, std::unique_ptr<Held> held, const napi_type_tag& tag) {
  napi_value object;
  check(napi_create_object(env, &object));
  check(napi_wrap(
      env, object, held.get(), [](napi_env, void* data, void*) { delete static_cast<Held*>(data); }, nullptr, nullptr));
  held.release();
  check(napi_type_tag_object(env, object, &tag));
  return object;
}

template <typename Held> Held& unwrapObject(napi_env env, napi_value object, const napi_type_tag& tag) {
  bool ours = false;
  check(napi_check_object_type_tag(env, object, &tag, &ours));
  if (!ours) throw AddonError("the argument is not an object of this addon");
  void* held = nullptr;
  check(napi_unwrap(env, object, &held));
  return *static_cast<Held*>(held);
}

/// Runs a callback and converts C++ exceptions to JavaScript errors.
template <napi_value (*work)(napi_env, napi_callback_info)>
napi_value catchErrors(napi_env env, napi_callback_info info) {
  try {
    return work(env, info);
  } catch (const std::bad_alloc&) {
    napi_throw_range_error(env, nullptr, "the system cannot allocate the memory");
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

const Kernels* requireKernels(napi_env env, napi_value name) {
  const Kernels* kernels = findKernels(readString(env, name));
  if (!kernels) throw AddonError("this processor does not support the kernels");
  return kernels;
}

/// Loads the program and allocates threads and scratch memory.
void prepare(Machine& machine, Arena& arena, const Kernels& kernels, Array<int32_t> words, Array<float> floats,
             int64_t threads, double threadBytes) {
  arena.shared = floats.data;
  arena.floats = floats.length;
  std::string error;
  if (!load(words.data, words.length, arena.begin(), floats.length, machine.program, error)) throw AddonError(error);
  machine.scratchFloats = kernels.scratchFor(machine.program);
  if (!(static_cast<double>(machine.scratchFloats) * sizeof(float) <= threadBytes))
    throw AddonError("the program needs more scratch memory than its limit");
  const size_t bytes = static_cast<size_t>(machine.scratchFloats) * static_cast<size_t>(threads) * sizeof(float);
  machine.scratch.reset(static_cast<float*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64)));
  if (!machine.scratch) throw std::bad_alloc();
  if (threads > 1) machine.pool = std::make_unique<ThreadPool>(static_cast<int>(threads));
}

const float* readRows(napi_env env, napi_value value, int64_t rows, int64_t width) {
  const Array<float> array = readFloats(env, value);
  if (static_cast<int64_t>(array.length) != rows * width)
    throw AddonError("the data does not have the length that the program specifies");
  return array.data;
}

/// variant(name): the addon's variant if the processor supports it and `name` is that variant or '', otherwise null.
napi_value variant(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const Kernels* kernels = findKernels(readString(env, arguments.at[0]));
  napi_value result;
  check(kernels ? napi_create_string_utf8(env, kernels->name, NAPI_AUTO_LENGTH, &result) : napi_get_null(env, &result));
  return result;
}

/// widest(): the widest variant that this processor supports, even if this addon has another; null if there is none.
napi_value widest(napi_env env, napi_callback_info) {
  const char* name = widestKernels();
  napi_value result;
  check(name ? napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &result) : napi_get_null(env, &result));
  return result;
}

/// trainer(variant, words, arena, order, trainingX, trainingY, validationX, validationY, numbers); numbers: training rows,
/// validation rows, sampling, order key (low, high), dropout key (low, high), threads, maximum scratch bytes per thread.
napi_value trainer(napi_env env, napi_callback_info info) {
  const Arguments<9> arguments(env, info);
  auto result = std::make_unique<Trainer>();
  result->kernels = requireKernels(env, arguments.at[0]);
  const Array<double> numbers = readDoubles(env, arguments.at[8]);
  if (numbers.length != 9) throw AddonError("numbers must have nine elements");
  const double word = std::numeric_limits<uint32_t>::max();
  const double many = 1 << 30;
  Training& training = result->training;
  prepare(training, result->arena, *result->kernels, readWords(env, arguments.at[1]), readFloats(env, arguments.at[2]),
          readInteger(numbers.data[7], 1, 256), numbers.data[8]);
  const Program& program = training.program;
  if (!program.target || program.list[updateList].empty()) throw AddonError("the program is not a training program");
  Data& data = training.data;
  data.trainingRows = static_cast<int32_t>(readInteger(numbers.data[0], 1, many));
  data.validationRows = static_cast<int32_t>(readInteger(numbers.data[1], 0, many));
  training.sampling = static_cast<Sampling>(readInteger(numbers.data[2], 0, 2));
  for (int i = 0; i < 2; i++) {
    training.orderKey[i] = static_cast<uint32_t>(readInteger(numbers.data[3 + i], 0, word));
    training.dropoutKey[i] = static_cast<uint32_t>(readInteger(numbers.data[5 + i], 0, word));
  }
  const Array<int32_t> order = readWords(env, arguments.at[3]);
  if (static_cast<int64_t>(order.length) != data.trainingRows)
    throw AddonError("the order does not have the length of the data");
  training.order = order.data;
  data.trainingX = readRows(env, arguments.at[4], data.trainingRows, program.features);
  data.trainingY = readRows(env, arguments.at[5], data.trainingRows, program.targets);
  data.validationX = readRows(env, arguments.at[6], data.validationRows, program.features);
  data.validationY = readRows(env, arguments.at[7], data.validationRows, program.targets);
  return wrapObject(env, std::move(result), trainerTag);
}

/// run(trainer, control, learningRates, metrics, stop or null): the code of the reason. control, in and out: epoch, step,
/// lossSum, right, epochs, steps, finished.
napi_value run(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info);
  Trainer& held = unwrapObject<Trainer>(env, arguments.at[0], trainerTag);
  const Array<double> control = readDoubles(env, arguments.at[1]);
  if (control.length != 7) throw AddonError("control must have seven elements");
  const Array<double> rates = readDoubles(env, arguments.at[2]);
  const Array<double> metrics = readDoubles(env, arguments.at[3]);
  napi_valuetype type;
  check(napi_typeof(env, arguments.at[4], &type));
  const Array<int32_t> stop = type == napi_null ? Array<int32_t>{nullptr, 1} : readWords(env, arguments.at[4]);
  if (stop.length < 1) throw AddonError("the stop flag is empty");
  const double huge = 9007199254740991.0;
  const double steps = std::ceil(static_cast<double>(held.training.data.trainingRows) / held.training.program.capacity);
  Slice slice;
  slice.epoch = readInteger(control.data[0], 0, huge);
  slice.step = readInteger(control.data[1], 0, steps);
  slice.lossSum = control.data[2];
  slice.right = control.data[3];
  slice.epochs = readInteger(control.data[4], 0, static_cast<double>(rates.length));
  slice.steps = readInteger(control.data[5], 0, huge);
  slice.finished = 0;
  if (metrics.length < 4 * static_cast<size_t>(slice.epochs)) throw AddonError("metrics is too short for the epochs");
  slice.learningRates = rates.data;
  slice.metrics = metrics.data;
  slice.stop = stop.data;
  held.arena.copyIn();
  const Reason reason = held.kernels->run(held.training, slice);
  held.arena.copyOut();
  control.data[0] = static_cast<double>(slice.epoch);
  control.data[1] = static_cast<double>(slice.step);
  control.data[2] = slice.lossSum;
  control.data[3] = slice.right;
  control.data[6] = static_cast<double>(slice.finished);
  napi_value result;
  check(napi_create_int32(env, static_cast<int32_t>(reason), &result));
  return result;
}

/// predictor(variant, words, arena, threads)
napi_value predictor(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  auto result = std::make_unique<Predictor>();
  result->kernels = requireKernels(env, arguments.at[0]);
  double threads = 0;
  check(napi_get_value_double(env, arguments.at[3], &threads));
  prepare(result->machine, result->arena, *result->kernels, readWords(env, arguments.at[1]), readFloats(env, arguments.at[2]),
          readInteger(threads, 1, 256), std::numeric_limits<double>::infinity());
  return wrapObject(env, std::move(result), predictorTag);
}

/// predict(predictor, inputs, outputs): rows × features and rows × outputs values.
napi_value predict(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  Predictor& held = unwrapObject<Predictor>(env, arguments.at[0], predictorTag);
  const Program& program = held.machine.program;
  const Array<float> inputs = readFloats(env, arguments.at[1]);
  const Array<float> outputs = readFloats(env, arguments.at[2]);
  const size_t rows = inputs.length / static_cast<size_t>(program.features);
  if (inputs.length != rows * static_cast<size_t>(program.features) ||
      outputs.length != rows * static_cast<size_t>(program.outputs))
    throw AddonError("inputs and outputs do not have the same number of rows");
  held.arena.copyIn();
  held.kernels->predict(held.machine, inputs.data, outputs.data, static_cast<int64_t>(rows));
  held.arena.copyOut();
  return nullptr;
}

/// preferHugePages(bytes): requests huge pages for untouched memory, where the system has them. Ignores failures.
napi_value preferHugePages(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const Array<uint8_t> bytes = readArray<uint8_t>(env, arguments.at[0], napi_uint8_array);
#if defined(MADV_HUGEPAGE)
  constexpr uintptr_t page = 2 << 20;
  const uintptr_t from = (reinterpret_cast<uintptr_t>(bytes.data) + page - 1) / page * page;
  const uintptr_t end = reinterpret_cast<uintptr_t>(bytes.data + bytes.length) / page * page;
  if (from < end) madvise(reinterpret_cast<void*>(from), end - from, MADV_HUGEPAGE);
#endif
  return nullptr;
}

template <napi_value (*work)(napi_env, napi_callback_info)>
void exportFunction(napi_env env, napi_value exports, const char* name) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, catchErrors<work>, nullptr, &function) == napi_ok)
    napi_set_named_property(env, exports, name, function);
}

}  // namespace
}  // namespace descent

NAPI_MODULE_INIT() {
  using namespace descent;
  exportFunction<variant>(env, exports, "variant");
  exportFunction<widest>(env, exports, "widest");
  exportFunction<trainer>(env, exports, "trainer");
  exportFunction<run>(env, exports, "run");
  exportFunction<predictor>(env, exports, "predictor");
  exportFunction<predict>(env, exports, "predict");
  exportFunction<preferHugePages>(env, exports, "preferHugePages");
  return exports;
}
