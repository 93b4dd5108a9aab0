import { describe, expect, test } from "vitest";
import { isRingfirstError } from "../../../src/errors.ts";
import { REGIONS, resolveRegion } from "../../../src/wire/regions.ts";

describe("regions", () => {
  test.each([
    "mypurecloud.ie",
    "eu-west-1",
    "eu_west_1",
    " EU_West_1 ",
    "api.mypurecloud.ie",
    "login.mypurecloud.ie",
    "apps.mypurecloud.ie",
    "streaming.mypurecloud.ie",
    "https://apps.mypurecloud.ie/directory/#/",
    "https://api.mypurecloud.ie:443/api/v2",
  ])("%j names Dublin", (name) => {
    expect(resolveRegion(name)).toMatchObject({
      name: "eu_west_1",
      loginHost: "login.mypurecloud.ie",
      apiHost: "api.mypurecloud.ie",
      streamingHost: "streaming.mypurecloud.ie",
    });
  });

  test("every region is found by each of its three names", () => {
    for (const region of REGIONS) {
      for (const name of [region.name, region.awsRegion, region.domain]) expect(resolveRegion(name)).toBe(region);
    }
    expect(new Set(REGIONS.map(({ domain }) => domain)).size).toBe(18);
  });

  test.each(["", "us-east-9", "api.us-east-1.genesys.cloud", "evilmypurecloud.com", "mypurecloud.com.evil.example"])(
    "%j is none, and the error lists all",
    (name) => {
      const error = thrown(() => resolveRegion(name));
      expect(isRingfirstError(error) && error.code).toBe("RF_REGION_UNKNOWN");
      for (const { awsRegion, domain } of REGIONS) expect(String(error)).toContain(`${awsRegion} (${domain})`);
    },
  );
});

function thrown(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
