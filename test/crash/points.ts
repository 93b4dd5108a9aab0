/** The crash points that the store on disk names (RELIABILITY.md 4.3), and at which passages a life may end there. */
export const POINTS: readonly { readonly name: string; readonly passages: readonly number[] }[] = [
  { name: "before-commit", passages: [1, 7, 40] },
  { name: "after-commit", passages: [1, 8, 30] },
  { name: "before-sync", passages: [1, 9, 35] },
  { name: "after-sync", passages: [1, 6, 25] },
  { name: "before-answer", passages: [1, 5, 45] },
  { name: "checkpoint", passages: [1] },
  { name: "recover", passages: [1] },
];
