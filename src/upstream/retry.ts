/** The wait after the first failure. */
const FIRST_RETRY_SECONDS = 60;
/** The longest wait. */
const MAX_RETRY_SECONDS = 6 * 3600;

/** Seconds until the next attempt after `attempts` failures: doubles each time, from a minute to six hours. */
export function retrySeconds(attempts: number): number {
  return Math.min(MAX_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** Math.min(attempts - 1, 20));
}
