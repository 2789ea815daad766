/**
 * Source of the encoding of raw rows in Python, by the rules of the service: `datasets/cell-coder.ts` and the files it
 * uses.
 */
export const rowSource = String.raw`
DECIMAL_POINT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
DECIMAL_COMMA = re.compile(r"[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)?(?:,[0-9]+)?(?:[eE][+-]?[0-9]+)?")
TRUE = {"true", "yes", "y", "t", "1"}
FALSE = {"false", "no", "n", "f", "0"}


def finite(value):
    return value if math.isfinite(value) else None


def parse_number(text):
    return finite(float(text)) if DECIMAL_POINT.fullmatch(text) else None


def parse_decimal_comma(text):
    if not re.match(r"[+-]?[0-9,]", text) or not DECIMAL_COMMA.fullmatch(text):
        return None
    try:
        return finite(float(text.replace(".", "").replace(",", ".")))
    except ValueError:
        return None


def parse_boolean(text):
    lower = text.strip().lower()
    return True if lower in TRUE else False if lower in FALSE else None


TIME = r"(?:[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]+)?))?\s*(AM|PM)?)?\s*(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})" + TIME, re.I)
YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})" + TIME, re.I)
SHORT_YEAR = re.compile(
    r"(?:([0-9]{1,2})(/)([0-9]{1,2})/|([0-9]{2})(\.)([0-9]{2})\.)([0-9]{2})" + TIME, re.I
)
MONTH_ONLY = re.compile(r"((?:19|20)[0-9]{2})-([0-9]{2})")
MONTH_NAMED = re.compile(r"([A-Z]{3,9})\.? ([0-9]{1,2}),? ([0-9]{4})" + TIME, re.I)
DAY_THEN_MONTH = re.compile(r"([0-9]{1,2})[. -]+([A-Z]{3,9})[. -]+([0-9]{4})" + TIME, re.I)
MONTHS = (
    "january february march april may june july august september october november december".split()
)
EPOCH = datetime.date(1970, 1, 1).toordinal()


def parse_date(text, order):
    """Days since 1970-01-01 UTC, with a fraction for the time of day; None for other texts."""
    if not 6 <= len(text) <= 48:
        return None
    day_first = order == "dayFirst"
    if found := YEAR_FIRST.fullmatch(text):
        year, _, month, day, *clock = found.groups()
        return to_days(year, month, day, clock)
    if found := YEAR_LAST.fullmatch(text):
        one, separator, two, year, *clock = found.groups()
        return ordered(one, two, year, clock, separator == "." or day_first)
    if found := SHORT_YEAR.fullmatch(text):
        one, slash, two, day, _, month, digits, *clock = found.groups()
        year = int(digits) + (1900 if int(digits) >= 69 else 2000)
        if slash is None:
            return to_days(year, month, day, clock)
        return ordered(one, two, year, clock, day_first)
    if found := MONTH_ONLY.fullmatch(text):
        return to_days(found[1], found[2], 1, [None] * 5)
    if found := MONTH_NAMED.fullmatch(text):
        month, day, year, *clock = found.groups()
        return to_days(year, month_number(month), day, clock)
    if found := DAY_THEN_MONTH.fullmatch(text):
        day, month, year, *clock = found.groups()
        return to_days(year, month_number(month), day, clock)
    return None


def ordered(one, two, year, clock, day_first):
    return to_days(year, two, one, clock) if day_first else to_days(year, one, two, clock)


def month_number(name):
    lower = name.lower()
    short = "sep" if lower == "sept" else lower
    return next((n + 1 for n, month in enumerate(MONTHS) if month == lower or month[:3] == short), 0)


def to_days(year, month, day, clock):
    try:
        whole = datetime.date(int(year), int(month), int(day)).toordinal() - EPOCH
    except ValueError:
        return None
    seconds = to_seconds(clock)
    return None if seconds is None else whole + seconds / 86400


def to_seconds(clock):
    hour, minute, second, half, offset = clock
    if hour is None:
        return 0
    hours = int(hour)
    if half is not None:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half.upper() == "PM" else 0)
    minutes, seconds = int(minute), float(second or 0)
    if hours > 24 or minutes > 59 or seconds >= 61:
        return None
    return hours * 3600 + minutes * 60 + seconds - offset_seconds(offset)


def offset_seconds(offset):
    if offset is None or offset.upper() in ("Z", "UTC"):
        return 0
    digits = offset.replace(":", "")
    size = int(digits[1:3]) * 3600 + int(digits[3:5]) * 60
    return -size if digits[0] == "-" else size


def date_parts(days, first):
    day = math.floor(days)
    # The proleptic Gregorian calendar repeats every 400 years, which are 146097 days.
    eras, ordinal = divmod(day + EPOCH - 1, 146097)
    date = datetime.date.fromordinal(ordinal + 1)
    return {
        "year": date.year + 400 * eras,
        "month": date.month,
        "dayOfWeek": (day + 3) % 7,
        "daysSinceFirst": days - first,
    }


def is_number(cell):
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def is_missing(column, cell):
    if cell is None:
        return True
    texts, numbers = column["missing"]
    if isinstance(cell, str):
        return cell == "" or cell.lower() in texts
    return is_number(cell) and cell in numbers


for column in COLUMNS:
    texts = {text.strip().lower() for text in column.get("missingTexts", USUAL_MISSING_TEXTS)}
    column["missing"] = (texts, {parse_number(text) for text in texts} - {None})


def text_of(cell):
    """As JSON writes a number or a boolean."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e21:
        return str(int(cell))
    return str(cell)


def fail(column, message):
    raise ValueError(f"{column['name']}: {message}")


MISSING = "is missing, and this column has no imputation"


def encode_number(column, cell):
    given = cell if is_number(cell) else None
    if isinstance(cell, str):
        comma = parse_decimal_comma(cell) if column.get("decimal") == "comma" else None
        given = parse_number(cell) if comma is None else comma
    absent = is_missing(column, cell) or (given is not None and is_missing(column, given))
    value = column.get("imputation") if absent else given
    if value is None:
        fail(column, MISSING if absent else f"{cell!r} is not a number")
    return [(value - column["offset"]) / column["scale"]]


def find_category(names, cell):
    if cell is None:
        return -1
    text = text_of(cell)
    if text in names:
        return names.index(text)
    if isinstance(cell, str):
        return -1
    parse = parse_boolean if isinstance(cell, bool) else parse_number
    found = [place for place, name in enumerate(names) if parse(name) == cell]
    return found[0] if len(found) == 1 else -1


def encode_category(column, cell):
    names = column["categories"]
    place = find_category(names, cell)
    if place < 0 and is_missing(column, cell) and "imputation" in column:
        place = find_category(names, column["imputation"])
    numbers = [0.0] * len(names)
    if place >= 0 and names[place] not in column.get("unseen", []):
        numbers[place] = 1.0
    return numbers


def encode_boolean(column, cell):
    absent = is_missing(column, cell)
    value = column.get("imputation") if absent else parse_boolean(text_of(cell))
    if value is None:
        fail(column, MISSING if absent else f"{cell!r} is not a boolean")
    return [1.0 if value else 0.0]


def encode_date(column, cell):
    absent = is_missing(column, cell)
    days = column.get("imputation") if absent else parse_date(text_of(cell), column.get("dateOrder", "dayFirst"))
    if days is None:
        fail(column, MISSING if absent else f"{cell!r} is not a date, such as 2024-01-31")
    values = date_parts(days, column["first"])
    return [(values[part["part"]] - part["offset"]) / part["scale"] for part in column["parts"]]


ENCODERS = {
    "number": encode_number,
    "category": encode_category,
    "boolean": encode_boolean,
    "date": encode_date,
}


def plain_name(name):
    return unicodedata.normalize("NFC", name.strip())


def cells_of(row):
    """The values of a row in the order of the columns."""
    if not isinstance(row, dict):
        if len(row) != len(COLUMNS):
            raise ValueError(f"has {len(row)} values, but the model takes {len(COLUMNS)}")
        return row
    places = {plain_name(name): None for name in IGNORED}
    places.update({plain_name(column["name"]): place for place, column in enumerate(COLUMNS)})
    cells = [None] * len(COLUMNS)
    for name, cell in row.items():
        if plain_name(name) not in places:
            raise ValueError(f"{name!r} is not an input of this model")
        place = places[plain_name(name)]
        if place is not None:
            cells[place] = cell
    return cells


FORMULAS = {"square": lambda a: a * a, "sin": math.sin, "product": lambda a, b: a * b}


def encode(row):
    """The inputs of the network for a raw row: a list in the order of COLUMNS, or a dict by name."""
    numbers = []
    values = {}
    for column, cell in zip(COLUMNS, cells_of(row)):
        plain = unicodedata.normalize("NFC", cell.strip()) if isinstance(cell, str) else cell
        encoded = ENCODERS[column["type"]](column, plain)
        if column["type"] == "number" and DERIVED:
            # From the float32 number that the network reads, as in the service.
            single = torch.tensor(encoded[0], dtype=torch.float32).item()
            values[column["name"]] = single * column["scale"] + column["offset"]
        numbers += encoded
    for each in DERIVED:
        value = FORMULAS[each["type"]](*(values[name] for name in each["of"]))
        numbers.append((value - each["offset"]) / each["scale"])
    return numbers
`
