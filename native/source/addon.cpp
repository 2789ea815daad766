// The addon's face to Node: trainers and predictors over memory that the host laid out and keeps alive.
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

#include "processor.h"
#include "training.h"

namespace descent {

void FreeFloats::operator()(float* floats) const { std::free(floats); }

namespace {

/// Under the address sanitizer an arena is a copy on the heap for the time of a call, so that its borders are watched.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool copiesArena = true;
#else
constexpr bool copiesArena = false;
#endif

constexpr napi_type_tag trainerTag{0x9b4c1d7e20f34a51, 0x8e6f0a92c3d45b17};
constexpr napi_type_tag predictorTag{0x1f8d63c5a7e9420b, 0xb25e7f1809ac3d46};

/// What was thrown is told to JavaScript as an error of its kind.
struct Thrown : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void check(napi_status status) {
  if (status != napi_ok) throw Thrown("a value of another type was expected");
}

#define DESCENT_TEXT_OF(name) #name
#define DESCENT_TEXT(macro) DESCENT_TEXT_OF(macro)
/// The name of this addon's kernels, told apart from them: a processor that lacks their instructions may ask for it.
constexpr const char* compiledName = DESCENT_TEXT(DESCENT_KERNELS);

/// Null where this processor does not run them, or the addon has others.
const Kernels* kernelsNamed(const std::string& name) {
  const bool wanted = name.empty() || name == compiledName;
  return wanted && processorRuns(compiledName) ? &compiledKernels() : nullptr;
}

struct Arena {
  float* shared = nullptr;
  size_t floats = 0;
  std::unique_ptr<float[]> copy;

  float* begin() {
    if (copiesArena && !copy) copy.reset(new float[floats]);
    return copy ? copy.get() : shared;
  }
  void enter() {
    if (copy) std::memcpy(copy.get(), shared, floats * sizeof(float));
  }
  void leave() {
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

template <typename Element> Array<Element> arrayOf(napi_env env, napi_value value, napi_typedarray_type wanted) {
  napi_typedarray_type type;
  Array<Element> array{nullptr, 0};
  void* data = nullptr;
  check(napi_get_typedarray_info(env, value, &type, &array.length, &data, nullptr, nullptr));
  if (type != wanted) throw Thrown("an array of another type was expected");
  array.data = static_cast<Element*>(data);
  return array;
}

Array<float> floatsOf(napi_env env, napi_value value) { return arrayOf<float>(env, value, napi_float32_array); }
Array<double> realsOf(napi_env env, napi_value value) { return arrayOf<double>(env, value, napi_float64_array); }
Array<int32_t> wordsOf(napi_env env, napi_value value) { return arrayOf<int32_t>(env, value, napi_int32_array); }

std::string textOf(napi_env env, napi_value value) {
  char text[32];
  size_t length = 0;
  check(napi_get_value_string_utf8(env, value, text, sizeof text, &length));
  return {text, length};
}

int64_t wholeOf(double value, double least, double most) {
  if (!(value >= least && value <= most) || value != std::floor(value)) throw Thrown("a whole number is out of range");
  return static_cast<int64_t>(value);
}

/// Arguments of a call, exactly `count`.
template <size_t count> struct Arguments {
  napi_value at[count];
  Arguments(napi_env env, napi_callback_info info) {
    size_t given = count;
    check(napi_get_cb_info(env, info, &given, at, nullptr, nullptr));
    if (given != count) throw Thrown("a call has another number of arguments");
  }
};

template <typename Held> napi_value wrapped(napi_env env, std::unique_ptr<Held> held, const napi_type_tag& tag) {
  napi_value object;
  check(napi_create_object(env, &object));
  check(napi_wrap(
      env, object, held.get(), [](napi_env, void* data, void*) { delete static_cast<Held*>(data); }, nullptr, nullptr));
  held.release();
  check(napi_type_tag_object(env, object, &tag));
  return object;
}

template <typename Held> Held& unwrapped(napi_env env, napi_value object, const napi_type_tag& tag) {
  bool ours = false;
  check(napi_check_object_type_tag(env, object, &tag, &ours));
  if (!ours) throw Thrown("an object of this addon was expected");
  void* held = nullptr;
  check(napi_unwrap(env, object, &held));
  return *static_cast<Held*>(held);
}

/// Runs a callback's work; what it throws becomes a JavaScript error.
template <napi_value (*work)(napi_env, napi_callback_info)>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    return work(env, info);
  } catch (const std::bad_alloc&) {
    napi_throw_range_error(env, nullptr, "the system gives no more memory");
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

const Kernels* kernelsOrThrow(napi_env env, napi_value name) {
  const Kernels* kernels = kernelsNamed(textOf(env, name));
  if (!kernels) throw Thrown("this processor lacks the instructions");
  return kernels;
}

/// Loads the program and gives the machine its threads and scratch memory.
void prepare(Machine& machine, Arena& arena, const Kernels& kernels, Array<int32_t> words, Array<float> floats,
             int64_t threads, double threadBytes) {
  arena.shared = floats.data;
  arena.floats = floats.length;
  std::string error;
  if (!load(words.data, words.length, arena.begin(), floats.length, machine.program, error)) throw Thrown(error);
  machine.scratchFloats = kernels.scratchFor(machine.program);
  if (!(static_cast<double>(machine.scratchFloats) * sizeof(float) <= threadBytes))
    throw Thrown("the program takes more memory than was counted for it");
  const size_t bytes = static_cast<size_t>(machine.scratchFloats) * static_cast<size_t>(threads) * sizeof(float);
  machine.scratch.reset(static_cast<float*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64)));
  if (!machine.scratch) throw std::bad_alloc();
  if (threads > 1) machine.team = std::make_unique<Team>(static_cast<int>(threads));
}

const float* rowsOf(napi_env env, napi_value value, int64_t rows, int64_t width) {
  const Array<float> array = floatsOf(env, value);
  if (static_cast<int64_t>(array.length) != rows * width) throw Thrown("the data are not as long as the program says");
  return array.data;
}

/// variant(name): the addon's kernels if they run here and have this name or it is '', else null.
napi_value variant(napi_env env, napi_callback_info info) {
  const Arguments<1> given(env, info);
  const Kernels* kernels = kernelsNamed(textOf(env, given.at[0]));
  napi_value result;
  check(kernels ? napi_create_string_utf8(env, kernels->name, NAPI_AUTO_LENGTH, &result) : napi_get_null(env, &result));
  return result;
}

/// widest(): the fastest kernels that this processor runs, whether this addon has them or not; null where it runs none.
napi_value widest(napi_env env, napi_callback_info) {
  const char* name = widestKernels();
  napi_value result;
  check(name ? napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &result) : napi_get_null(env, &result));
  return result;
}

/// trainer(variant, words, arena, order, trainingX, trainingY, validationX, validationY, numbers); numbers: rows that
/// train, rows that validate, sampling, two words of the order's key, two of dropout's, threads, bytes of scratch memory
/// that were counted for each.
napi_value trainer(napi_env env, napi_callback_info info) {
  const Arguments<9> given(env, info);
  auto result = std::make_unique<Trainer>();
  result->kernels = kernelsOrThrow(env, given.at[0]);
  const Array<double> numbers = realsOf(env, given.at[8]);
  if (numbers.length != 9) throw Thrown("nine numbers were expected");
  const double word = std::numeric_limits<uint32_t>::max();
  const double many = 1 << 30;
  Training& training = result->training;
  prepare(training, result->arena, *result->kernels, wordsOf(env, given.at[1]), floatsOf(env, given.at[2]),
          wholeOf(numbers.data[7], 1, 256), numbers.data[8]);
  const Program& program = training.program;
  if (!program.target || program.list[updateList].empty()) throw Thrown("the program does not train");
  Data& data = training.data;
  data.trainingRows = static_cast<int32_t>(wholeOf(numbers.data[0], 1, many));
  data.validationRows = static_cast<int32_t>(wholeOf(numbers.data[1], 0, many));
  training.sampling = static_cast<Sampling>(wholeOf(numbers.data[2], 0, 2));
  for (int i = 0; i < 2; i++) {
    training.orderKey[i] = static_cast<uint32_t>(wholeOf(numbers.data[3 + i], 0, word));
    training.dropoutKey[i] = static_cast<uint32_t>(wholeOf(numbers.data[5 + i], 0, word));
  }
  const Array<int32_t> order = wordsOf(env, given.at[3]);
  if (static_cast<int64_t>(order.length) != data.trainingRows) throw Thrown("the order is not as long as the data");
  training.order = order.data;
  data.trainingX = rowsOf(env, given.at[4], data.trainingRows, program.features);
  data.trainingY = rowsOf(env, given.at[5], data.trainingRows, program.targets);
  data.validationX = rowsOf(env, given.at[6], data.validationRows, program.features);
  data.validationY = rowsOf(env, given.at[7], data.validationRows, program.targets);
  return wrapped(env, std::move(result), trainerTag);
}

/// run(trainer, control, learningRates, metrics, stop or null): the reason's number. control, in and out: epoch, step,
/// lossSum, right, epochs, steps, finished.
napi_value run(napi_env env, napi_callback_info info) {
  const Arguments<5> given(env, info);
  Trainer& held = unwrapped<Trainer>(env, given.at[0], trainerTag);
  const Array<double> control = realsOf(env, given.at[1]);
  if (control.length != 7) throw Thrown("seven numbers were expected");
  const Array<double> rates = realsOf(env, given.at[2]);
  const Array<double> metrics = realsOf(env, given.at[3]);
  napi_valuetype type;
  check(napi_typeof(env, given.at[4], &type));
  const Array<int32_t> stop = type == napi_null ? Array<int32_t>{nullptr, 1} : wordsOf(env, given.at[4]);
  if (stop.length < 1) throw Thrown("the stop flag has no word");
  const double huge = 9007199254740991.0;
  const double steps = std::ceil(static_cast<double>(held.training.data.trainingRows) / held.training.program.capacity);
  Slice slice;
  slice.epoch = wholeOf(control.data[0], 0, huge);
  slice.step = wholeOf(control.data[1], 0, steps);
  slice.lossSum = control.data[2];
  slice.right = control.data[3];
  slice.epochs = wholeOf(control.data[4], 0, static_cast<double>(rates.length));
  slice.steps = wholeOf(control.data[5], 0, huge);
  slice.finished = 0;
  if (metrics.length < 4 * static_cast<size_t>(slice.epochs)) throw Thrown("the metrics do not hold all epochs");
  slice.learningRates = rates.data;
  slice.metrics = metrics.data;
  slice.stop = stop.data;
  held.arena.enter();
  const Reason reason = held.kernels->run(held.training, slice);
  held.arena.leave();
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
  const Arguments<4> given(env, info);
  auto result = std::make_unique<Predictor>();
  result->kernels = kernelsOrThrow(env, given.at[0]);
  double threads = 0;
  check(napi_get_value_double(env, given.at[3], &threads));
  prepare(result->machine, result->arena, *result->kernels, wordsOf(env, given.at[1]), floatsOf(env, given.at[2]),
          wholeOf(threads, 1, 256), std::numeric_limits<double>::infinity());
  return wrapped(env, std::move(result), predictorTag);
}

/// predict(predictor, inputs, outputs): rows × features and rows × outputs numbers.
napi_value predict(napi_env env, napi_callback_info info) {
  const Arguments<3> given(env, info);
  Predictor& held = unwrapped<Predictor>(env, given.at[0], predictorTag);
  const Program& program = held.machine.program;
  const Array<float> inputs = floatsOf(env, given.at[1]);
  const Array<float> outputs = floatsOf(env, given.at[2]);
  const size_t rows = inputs.length / static_cast<size_t>(program.features);
  if (inputs.length != rows * static_cast<size_t>(program.features) ||
      outputs.length != rows * static_cast<size_t>(program.outputs))
    throw Thrown("inputs and outputs are not of the same rows");
  held.arena.enter();
  held.kernels->predict(held.machine, inputs.data, outputs.data, static_cast<int64_t>(rows));
  held.arena.leave();
  return nullptr;
}

/// preferHugePages(bytes): asks the system for memory in large pages, where it has them, before it is first touched. What
/// it answers is of no matter.
napi_value preferHugePages(napi_env env, napi_callback_info info) {
  const Arguments<1> given(env, info);
  const Array<uint8_t> bytes = arrayOf<uint8_t>(env, given.at[0], napi_uint8_array);
#if defined(MADV_HUGEPAGE)
  constexpr uintptr_t page = 2 << 20;
  const uintptr_t from = (reinterpret_cast<uintptr_t>(bytes.data) + page - 1) / page * page;
  const uintptr_t end = reinterpret_cast<uintptr_t>(bytes.data + bytes.length) / page * page;
  if (from < end) madvise(reinterpret_cast<void*>(from), end - from, MADV_HUGEPAGE);
#endif
  return nullptr;
}

template <napi_value (*work)(napi_env, napi_callback_info)>
void offer(napi_env env, napi_value exports, const char* name) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, guarded<work>, nullptr, &function) == napi_ok)
    napi_set_named_property(env, exports, name, function);
}

}  // namespace
}  // namespace descent

NAPI_MODULE_INIT() {
  using namespace descent;
  offer<variant>(env, exports, "variant");
  offer<widest>(env, exports, "widest");
  offer<trainer>(env, exports, "trainer");
  offer<run>(env, exports, "run");
  offer<predictor>(env, exports, "predictor");
  offer<predict>(env, exports, "predict");
  offer<preferHugePages>(env, exports, "preferHugePages");
  return exports;
}
