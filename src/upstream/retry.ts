/** Wait after the first failure. */
const FIRST_RETRY_SECONDS = 60;
/** Longest wait. */
const MAX_RETRY_SECONDS = 6 * 3600;

/** Seconds until a file that failed `attempts` times is tried again: twice as long each time, a minute to six hours. */
export function retrySeconds(attempts: number): number {
  return Math.min(MAX_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** Math.min(attempts - 1, 20));
}
