import type { ViteUserConfig } from "vitest/config";
import { defineConfig } from "vitest/config";

/** Suites by folder, so that `check` runs the quick ones and `test` all. */
const suite = (
  name: string,
  include: readonly string[],
  testTimeout: number,
): { extends: true; test: { name: string; include: string[]; testTimeout: number } } => ({
  extends: true,
  test: { name, include: [...include], testTimeout },
});

const config: ViteUserConfig = defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    setupFiles: ["test/support/property-seed.ts"],
    projects: [
      suite("unit", ["test/unit/**/*.test.ts", "test/architecture.test.ts", "test/docs.test.ts"], 10_000),
      suite("property", ["test/property/**/*.test.ts"], 120_000),
      suite("conformance", ["test/conformance/**/*.test.ts"], 60_000),
      suite("crash", ["test/crash/**/*.test.ts"], 120_000),
      suite("simulation", ["test/simulation/**/*.test.ts"], 60_000),
      suite("faults", ["test/faults/**/*.test.ts"], 60_000),
      suite("e2e", ["test/e2e/**/*.test.ts"], 120_000),
      suite("package", ["test/package.test.ts"], 180_000),
    ],
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text-summary", "json-summary"] },
  },
});

export default config;
