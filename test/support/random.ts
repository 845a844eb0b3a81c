/** Numbers in [0, 1) that a seed decides (Park and Miller). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
