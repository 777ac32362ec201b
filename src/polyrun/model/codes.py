"""Every diagnostic code, each used for one thing and never reused.

The long text of a code (meaning, example, remedy) stands in `codes.toml` beside this file and is
read only when someone asks (`explain`). Ranges: 1xx document, 2xx plan, 3xx language, 4xx sandbox
and limits, 5xx execution, 6xx values, 7xx policy, 8xx configuration, 9xx internal.
"""

from __future__ import annotations

from enum import StrEnum

from polyrun.model.frozen import frozen


class Code(StrEnum):
    """A stable code such as `PR103`; the member name says what it stands for."""

    # document
    DOCUMENT_UNREADABLE = "PR100"
    UNKNOWN_LANGUAGE = "PR101"
    MISSING_LANGUAGE = "PR102"
    BLOCK_NOT_CLOSED = "PR103"
    STRAY_END = "PR104"
    UNKNOWN_OPTION = "PR105"
    BAD_OPTION = "PR106"
    DUPLICATE_OPTION = "PR107"
    UNKNOWN_DIRECTIVE = "PR108"
    BAD_DIRECTIVE = "PR109"
    MISPLACED_DIRECTIVE = "PR110"
    DUPLICATE_NAME = "PR111"
    BAD_NAME = "PR112"
    BAD_FRONT_MATTER = "PR113"
    UNSUPPORTED_OPTION = "PR114"
    INVALID_ENCODING = "PR115"
    NUL_BYTE = "PR116"
    MIXED_NEWLINES = "PR117"
    BYTE_ORDER_MARK = "PR118"
    NO_BLOCKS = "PR119"
    TOO_LARGE = "PR120"
    EMPTY_BLOCK = "PR121"
    TOO_MANY_BLOCKS = "PR122"
    TOO_MANY_DIAGNOSTICS = "PR123"

    # plan
    UNKNOWN_BLOCK = "PR201"
    AFTER_LATER_BLOCK = "PR202"
    NOT_CARRIED_OUT = "PR203"

    # language
    TOOLCHAIN_MISSING = "PR301"
    BUILD_FAILED = "PR302"
    LANGUAGE_NOT_ALLOWED = "PR303"
    LANGUAGES_NOT_TRUSTED = "PR304"

    # sandbox and limits
    TIME_LIMIT = "PR401"
    MEMORY_LIMIT = "PR402"
    PROCESS_LIMIT = "PR403"
    OUTPUT_LIMIT = "PR404"
    DISK_LIMIT = "PR405"
    PERMISSION_NEEDED = "PR406"
    SANDBOX_UNAVAILABLE = "PR407"

    # execution
    NONZERO_EXIT = "PR501"
    SIGNALLED = "PR502"

    # values
    UNKNOWN_IMPORT = "PR601"
    IMPORT_FROM_LATER = "PR602"
    UNUSED_EXPORT = "PR603"
    ILLEGAL_NAME = "PR604"
    EXPORT_NOT_IN_CODE = "PR605"
    EXPORT_MISSING = "PR606"
    TYPE_MISMATCH = "PR607"
    CANNOT_HOLD = "PR608"
    UNSUPPORTED_VALUE = "PR609"
    BAD_VALUE = "PR610"
    NO_VALUES_HERE = "PR611"
    BAD_GIVEN_VALUE = "PR612"

    # policy
    PROCESS_EXECUTION = "PR701"
    DYNAMIC_CODE = "PR702"
    FILES_OUTSIDE = "PR703"
    NETWORK_USE = "PR704"
    NATIVE_CODE = "PR705"
    SECRETS = "PR706"
    PRIVILEGE = "PR707"
    RESOURCE_BOMB = "PR708"
    INFINITE_LOOP = "PR709"
    NOT_ANALYSED = "PR710"

    # configuration
    UNKNOWN_SETTING = "PR801"
    BAD_SETTING = "PR802"
    BAD_CONFIGURATION_FILE = "PR803"
    UNTRUSTED_SETTING = "PR804"

    # internal
    INTERNAL = "PR901"


@frozen
class Explanation:
    """The long text of one code: a `title`, what it `means`, an `example` that shows it, the `remedy`."""

    code: Code
    title: str
    means: str
    example: str
    remedy: str


def explain(code: Code) -> Explanation:
    """The explanation of `code`; every member of `Code` has one."""
    import tomllib
    from importlib.resources import files

    table = tomllib.loads(files("polyrun.model").joinpath("codes.toml").read_text("utf-8"))
    return Explanation(code, **table[code.value])
