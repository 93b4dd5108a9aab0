/**
 * The crash points that the store on disk names (RELIABILITY.md 4.3), and at which passages a life may end there. Those of the
 * start come first: a life that is ended while it recovers from the one before.
 */
export const POINTS: readonly { readonly name: string; readonly passages: readonly number[] }[] = [
  { name: "open", passages: [1] },
  { name: "migrate", passages: [1] },
  { name: "begin", passages: [1, 2, 3, 20] },
  { name: "checkpoint", passages: [1] },
  { name: "before-commit", passages: [1, 2, 7, 40] },
  { name: "after-commit", passages: [1, 2, 8, 30] },
  { name: "before-sync", passages: [1, 2, 9, 35] },
  { name: "after-sync", passages: [1, 6, 25] },
  { name: "before-answer", passages: [1, 5, 45] },
];
