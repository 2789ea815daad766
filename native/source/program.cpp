#include "program.h"

#include <cmath>
#include <cstring>

namespace descent {
namespace {

constexpr int64_t limit = int64_t{1} << 30;

/// The format of an operation. Attributes, one letter each: i integer > 0, n integer ≥ 0, f flag, d real, A activation,
/// L loss, C accuracy, W weighting. Operands, separated by spaces: r is the number of rows, other letters are attributes by
/// index (a is the first); ? marks an optional operand.
struct Entry {
  int32_t code;
  const char* attributes;
  const char* operands;
};

constexpr Entry catalogue[] = {
    {1, "iiA", "ra ba b? rb rb?"},
    {2, "ii", "ra rb ba b?"},
    {3, "ii", "rb ba ra"},
    {4, "iA", "ra ra"},
    {5, "iA", "ra ra"},
    {6, "i", "ra ra"},
    {7, "i", "ra ra"},
    {8, "iiiiiiiiiinnA", "rabc jade j? rjhi rjhi?"},
    {9, "iiiiiiiiiinn", "rabc rjhi jade j?"},
    {10, "iiiiiiiiiinn", "rjhi jade rabc"},
    {11, "iiiiiiA", "rab fcad fc? rcf rcf?"},
    {12, "iiiiii", "rab rcf fcad fc?"},
    {13, "iiiiii", "rcf fcad rab"},
    {14, "iiiiiiiii", "rabc rahi"},
    {15, "iiiiiiiii", "rabc rahi rahi rabc"},
    {16, "iiiiiiiii", "rabc rahi"},
    {17, "iiiiiiiii", "rahi rabc"},
    {18, "iidd", "rab a a a a a a rab"},
    {19, "iid", "rab a a a a rab"},
    {20, "ii", "rab a a a rab a a rab?"},
    {21, "idn", "ra ra ra"},
    {22, "i", "ra ra"},
    {23, "iLC", "ra ra ra?"},
    {24, "id", "a"},
    {25, "idfd", "a a a?"},
    {26, "idddfd", "a a a a"},
    {27, "idd", "a a a"},
    {28, "id", "a a a"},
    {29, "id", "a a a"},
    {30, "iiLCW", "ra rb ra?"},
};

const Entry* findEntry(int32_t code) {
  for (const Entry& entry : catalogue)
    if (entry.code == code) return &entry;
  return nullptr;
}

bool inRange(char type, int32_t value) {
  switch (type) {
    case 'i': return value > 0 && value < limit;
    case 'n': return value >= 0 && value < limit;
    case 'f': return value == 0 || value == 1;
    case 'A': return value >= 0 && value <= 8;
    case 'L': return value >= 0 && value <= 7;
    case 'W': return value == 0 || value == 1;
    default: return value >= 0 && value <= 3;
  }
}

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
  bool fail(const std::string& reason) {
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
      const Entry* entry = findEntry(words_[at]);
      if (!entry) return fail("there is no operation " + std::to_string(words_[at]));
      const std::string title = "operation " + std::to_string(words_[at]) + " at word " + std::to_string(at);
      const int64_t length = words_[at + 1];
      if (length < 2 || length > end - at) return fail(title + " is longer than its list");
      Operation operation;
      std::memset(&operation, 0, sizeof operation);
      operation.code = entry->code;
      if (!readOperation(*entry, words_ + at + 2, length - 2, operation)) return fail(title + " " + error_);
      program_.list[list].push_back(operation);
      at += length;
    }
    return true;
  }

  bool readOperation(const Entry& entry, const int32_t* words, int64_t length, Operation& operation) {
    int operands = 1;
    for (const char* c = entry.operands; *c; c++) operands += *c == ' ';
    int64_t expected = operands;
    for (const char* c = entry.attributes; *c; c++) expected += *c == 'd' ? 2 : 1;
    if (length != expected) return fail("has the wrong length");
    const int32_t* word = words + operands;
    for (int i = 0; entry.attributes[i]; i++) {
      if (entry.attributes[i] == 'd') {
        std::memcpy(&operation.real[i], word, sizeof(double));
        if (!std::isfinite(operation.real[i])) return fail("has an attribute that is not a number");
        word += 2;
      } else {
        operation.n[i] = *word++;
        if (!inRange(entry.attributes[i], operation.n[i])) return fail("has an attribute out of range");
      }
    }
    const char* shape = entry.operands;
    for (int i = 0; i < operands; i++) {
      int64_t size = 1;
      bool optional = false;
      for (; *shape && *shape != ' '; shape++) {
        if (*shape == '?') optional = true;
        else size *= *shape == 'r' ? program_.capacity : operation.n[*shape - 'a'];
        if (size > limit) return fail("has an operand that is too large");
      }
      if (*shape) shape++;
      if (words[i] == -1 && optional) continue;
      if (!place(words[i], size, operation.at[i])) return fail("has an operand outside the arena");
    }
    return windowsFit(operation);
  }

  /// Whether windows are inside the image or signal.
  bool windowsFit(const Operation& operation) {
    const int32_t* n = operation.n;
    const auto inside = [](int64_t size, int64_t window, int64_t stride, int64_t count) {
      return (count - 1) * stride + window <= size;
    };
    switch (operation.code) {
      case 8:
      case 9:
      case 10:
        // Padding is smaller than the window, and each window starts before the end.
        if (n[10] >= n[3] || n[11] >= n[4] || !inside(int64_t{n[1]} + n[10], 1, n[5], n[7]) ||
            !inside(int64_t{n[2]} + n[11], 1, n[6], n[8]))
          return fail("has windows outside the image");
        if (int64_t{n[0]} * n[3] * n[4] > limit || paddedFloats(n) > limit) return fail("is too large");
        return true;
      case 11:
      case 12:
      case 13:
        return inside(n[1], n[3], n[4], n[5]) || fail("has windows outside the signal");
      case 14:
      case 15:
      case 16:
      case 17:
        return (inside(n[1], n[3], n[5], n[7]) && inside(n[2], n[4], n[6], n[8])) ||
               fail("has windows outside the image");
      case 21:
        return (operation.real[1] >= 0 && operation.real[1] < 1 && n[2] < 256) || fail("has a rate out of range");
      case 30:
        return n[1] == n[0] + 1 || fail("has no room for the row weights");
      default:
        return true;
    }
  }

  /// Floats of one padded sample.
  static double paddedFloats(const int32_t* n) {
    const auto phases = [](int32_t stride, int32_t kernel) { return 1.0 * (stride < kernel ? stride : kernel); };
    const auto cells = [](int32_t count, int32_t kernel, int32_t stride) { return count + 1.0 * kernel / stride; };
    return n[0] * phases(n[5], n[3]) * phases(n[6], n[4]) * cells(n[7], n[3], n[5]) * cells(n[8], n[4], n[6]);
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
