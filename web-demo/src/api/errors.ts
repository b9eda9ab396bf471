/** A refusal that the server wrote. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string | null,
    readonly retryAfterSeconds: number | null,
  ) {
    super(message);
  }
}

/** No answer, or none that can be read: whether the server acted on the request is not known. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}
