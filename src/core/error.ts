// The one error class. It is thrown only at boundaries (configuration, addon, API, store); inside
// core and on the hot path a failure is a value.

export type ErrorCode =
  | 'ERR_CONFIG_INVALID'
  | 'ERR_ADDON_MISSING'
  | 'ERR_ABI_MISMATCH'
  | 'ERR_SOCKET_PERMISSION'
  | 'ERR_SOCKET_OPEN'
  | 'ERR_LIMIT_EXCEEDED'
  | 'ERR_BODY_TOO_LARGE'
  | 'ERR_UNAUTHORIZED'
  | 'ERR_STATE_IO'
  | 'ERR_NAME_UNRESOLVED'
  | 'ERR_USAGE'
  | 'ERR_UNAVAILABLE'
  | 'ERR_DATABASE_MISSING'
  | 'ERR_CONTROL_BUSY'
  | 'ERR_CONTROL_UNREACHABLE'
  | 'ERR_CONTROL_ANSWER'
  | 'ERR_ENROLL_REFUSED'
  | 'ERR_INPUT_INVALID'
  | 'ERR_NOT_FOUND'
  | 'ERR_CONFLICT'
  | 'ERR_FORBIDDEN'
  | 'ERR_THROTTLED';

export interface ErrorDetail {
  cause?: unknown;
  /** The system call and errno name, when the kernel said no. */
  syscall?: string;
  errno?: string;
}

/** The message says what was tried, with which value, and what to do. */
export class ProbeError extends Error {
  readonly code: ErrorCode;
  readonly syscall: string | null;
  readonly errno: string | null;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'ProbeError';
    this.code = code;
    this.syscall = detail.syscall ?? null;
    this.errno = detail.errno ?? null;
  }
}
