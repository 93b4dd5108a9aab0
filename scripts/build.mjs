/** `npm run build`: a fresh `dist`, whatever was missing before. */
import { main, prepareProgram } from "./bootstrap.mjs";

await main(async () => {
  await prepareProgram();
  return 0;
});
