#include "program.h"

#include <cmath>
#include <cstring>

namespace descent {
namespace {

constexpr int64_t limit = int64_t{1} << 30;

const OperationEntry* findEntry(int32_t code) {
  for (const OperationEntry& entry : operationEntries)
    if (static_cast<int32_t>(entry.type) == code) return &entry;
  return nullptr;
}

int wordsOf(AttributeKind kind) { return kind == AttributeKind::real || kind == AttributeKind::fraction ? 2 : 1; }

bool inRange(AttributeKind kind, int32_t value) {
  switch (kind) {
    case AttributeKind::integer: return value > 0 && value < limit;
    case AttributeKind::natural: return value >= 0 && value < limit;
    case AttributeKind::byte: return value >= 0 && value < 256;
    case AttributeKind::flag: return value == 0 || value == 1;
    case AttributeKind::activation: return value >= 0 && value <= largestActivation;
    case AttributeKind::loss: return value >= 0 && value <= largestLossFunction;
    case AttributeKind::accuracy: return value >= 0 && value <= largestAccuracy;
    case AttributeKind::weighting: return value >= 0 && value <= largestWeighting;
    case AttributeKind::real:
    case AttributeKind::fraction: return false;
  }
  __builtin_unreachable();
}

bool inRange(AttributeKind kind, double value) {
  return kind == AttributeKind::fraction ? value >= 0 && value < 1 : std::isfinite(value);
}

/// Whether `count` windows, `stride` apart, are inside `size` cells.
bool inside(int64_t size, int64_t window, int64_t stride, int64_t count) { return (count - 1) * stride + window <= size; }

/// What attributes of an operation must satisfy together: each returns the reason of a refusal, or null.
struct Check {
  template <typename Windows> static const char* windows(const Windows& o) {
    const bool fits = inside(o.height, o.kernelHeight, o.strideY, o.outputHeight) &&
                      inside(o.width, o.kernelWidth, o.strideX, o.outputWidth);
    return fits ? nullptr : "has windows outside the image";
  }

  /// Padding is smaller than the window, and each window starts before the end.
  template <typename Convolution> static const char* convolution(const Convolution& o) {
    const bool fits = o.padTop < o.kernelHeight && o.padLeft < o.kernelWidth &&
                      inside(int64_t{o.height} + o.padTop, 1, o.strideY, o.outputHeight) &&
                      inside(int64_t{o.width} + o.padLeft, 1, o.strideX, o.outputWidth);
    if (!fits) return "has windows outside the image";
    if (int64_t{o.channels} * o.kernelHeight * o.kernelWidth > limit || paddedFloats(o) > limit) return "is too large";
    return nullptr;
  }

  /// Floats of one padded sample.
  template <typename Convolution> static double paddedFloats(const Convolution& o) {
    const auto phases = [](int32_t stride, int32_t kernel) { return 1.0 * (stride < kernel ? stride : kernel); };
    const auto cells = [](int32_t count, int32_t kernel, int32_t stride) { return count + 1.0 * kernel / stride; };
    return o.channels * phases(o.strideY, o.kernelHeight) * phases(o.strideX, o.kernelWidth) *
           cells(o.outputHeight, o.kernelHeight, o.strideY) * cells(o.outputWidth, o.kernelWidth, o.strideX);
  }

  const char* operator()(const ConvolutionForward& o) const { return convolution(o); }
  const char* operator()(const ConvolutionBackwardWeights& o) const { return convolution(o); }
  const char* operator()(const ConvolutionBackwardInput& o) const { return convolution(o); }
  const char* operator()(const LocallyConnectedForward& o) const { return windows(o); }
  const char* operator()(const LocallyConnectedBackwardWeights& o) const { return windows(o); }
  const char* operator()(const LocallyConnectedBackwardInput& o) const { return windows(o); }
  const char* operator()(const MaxPoolingForward& o) const { return windows(o); }
  const char* operator()(const MaxPoolingBackward& o) const { return windows(o); }
  const char* operator()(const AveragePoolingForward& o) const { return windows(o); }
  const char* operator()(const AveragePoolingBackward& o) const { return windows(o); }
  const char* operator()(const WeightedLoss& o) const {
    return o.width == o.outputs + 1 ? nullptr : "has no room for the row weights";
  }
  template <typename Other> const char* operator()(const Other&) const { return nullptr; }
};

class Loader {
 public:
  Loader(const int32_t* words, size_t count, float* arena, size_t floats, Program& program, std::string& error)
      : words_(words), count_(count), arena_(arena), floats_(floats), program_(program), error_(error) {}

  bool load() {
    if (count_ < 16 || count_ > static_cast<size_t>(limit)) return fail("the program has no header");
    if (words_[0] != 1) return fail("the program has an unknown format version");
    if (static_cast<int64_t>(floats_) != words_[8])
      return fail("the arena does not have the length that the program specifies");
    if (words_[1] <= 0 || words_[1] >= limit) return fail("the program's capacity is out of range");
    program_.capacity = words_[1];
    program_.features = words_[2];
    program_.targets = words_[3];
    program_.outputs = words_[4];
    program_.answersPerRow = words_[15];
    if (program_.features <= 0 || program_.outputs <= 0 || program_.targets < 0 || program_.answersPerRow < 0)
      return fail("the program's widths are not positive");
    if (!place(words_[5], rows(program_.features), program_.input)) return fail("the input is outside the arena");
    if (!place(words_[7], rows(program_.outputs), program_.output)) return fail("the output is outside the arena");
    program_.target = nullptr;
    if (words_[6] != -1 && !place(words_[6], rows(program_.targets), program_.target))
      return fail("the target is outside the arena");
    if (words_[9] != 16 || static_cast<size_t>(words_[14]) != count_) return fail("the lists do not fill the program");
    for (int list = 0; list < lists; list++)
      if (!readList(list, words_[9 + list], words_[10 + list])) return false;
    return true;
  }

 private:
  bool fail(const std::string& reason) const {
    error_ = reason;
    return false;
  }

  int64_t rows(int64_t width) const { return width * program_.capacity; }

  bool place(int32_t offset, int64_t length, float*& to) const {
    if (offset < 0 || offset % 16 != 0 || length < 0 || length > static_cast<int64_t>(floats_) - offset) return false;
    to = arena_ + offset;
    return true;
  }

  bool readList(int list, int64_t from, int64_t end) {
    if (from < 16 || end < from || end > static_cast<int64_t>(count_)) return fail("a list is outside the program");
    for (int64_t at = from; at < end;) {
      if (end - at < 2) return fail("a list ends inside an operation");
      const OperationEntry* entry = findEntry(words_[at]);
      if (!entry) return fail("there is no operation " + std::to_string(words_[at]));
      const std::string title = "operation " + std::to_string(words_[at]) + " at word " + std::to_string(at);
      const int64_t length = words_[at + 1];
      if (length < 2 || length > end - at) return fail(title + " is longer than its list");
      Operation operation;
      std::memset(&operation, 0, sizeof operation);
      if (!readOperation(*entry, words_ + at + 2, length - 2, operation)) return fail(title + " " + error_);
      program_.list[list].push_back(operation);
      at += length;
    }
    return true;
  }

  bool readOperation(const OperationEntry& entry, const int32_t* words, int64_t length, Operation& operation) {
    int64_t expected = entry.operandCount;
    for (int i = 0; i < entry.attributeCount; i++) expected += wordsOf(entry.attributes[i].kind);
    if (length != expected) return fail("has the wrong length");
    operation.type = entry.type;
    operation.operands = entry.operandCount;
    if (!readAttributes(entry, words + entry.operandCount, operation)) return false;
    for (int i = 0; i < entry.operandCount; i++)
      if (!readOperand(entry, i, words[i], operation)) return false;
    const char* const refusal = visit(operation, Check{});
    return !refusal || fail(refusal);
  }

  bool readAttributes(const OperationEntry& entry, const int32_t* word, Operation& operation) {
    for (int i = 0; i < entry.attributeCount; i++) {
      const AttributeKind kind = entry.attributes[i].kind;
      char* const to = reinterpret_cast<char*>(&operation.at) + entry.attributes[i].offset;
      if (wordsOf(kind) == 2) {
        double value;
        std::memcpy(&value, word, sizeof value);
        if (!inRange(kind, value)) return fail("has an attribute out of range");
        std::memcpy(to, &value, sizeof value);
      } else {
        if (!inRange(kind, *word)) return fail("has an attribute out of range");
        if (kind == AttributeKind::flag) *reinterpret_cast<bool*>(to) = *word != 0;
        else std::memcpy(to, word, sizeof *word);
      }
      word += wordsOf(kind);
    }
    return true;
  }

  bool readOperand(const OperationEntry& entry, int index, int32_t offset, Operation& operation) const {
    const OperandEntry& operand = entry.operands[index];
    int64_t perRow = 1;
    bool hasRows = false;
    for (const int8_t* axis = operand.axes; *axis != noAxis; axis++) {
      if (*axis == rowsAxis) hasRows = true;
      else perRow *= readInteger(operation, entry.attributes[*axis].offset);
      if (perRow > limit) return fail("has an operand that is too large");
    }
    const int64_t size = hasRows ? rows(perRow) : perRow;
    if (size > limit) return fail("has an operand that is too large");
    operation.rowFloats[index] = hasRows ? perRow : 0;
    if (offset == -1 && operand.optional) return true;
    return place(offset, size, operation.at[index]) || fail("has an operand outside the arena");
  }

  static int32_t readInteger(const Operation& operation, uint16_t offset) {
    int32_t value;
    std::memcpy(&value, reinterpret_cast<const char*>(&operation.at) + offset, sizeof value);
    return value;
  }

  const int32_t* words_;
  size_t count_;
  float* arena_;
  size_t floats_;
  Program& program_;
  std::string& error_;
};

}  // namespace

bool load(const int32_t* words, size_t count, float* arena, size_t floats, Program& program, std::string& error) {
  return Loader(words, count, arena, floats, program, error).load();
}

}  // namespace descent
