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
  | 'ERR_USAGE';

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
