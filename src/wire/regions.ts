/**
 * Regions of Genesys Cloud and their hosts. Source: the region tables of the official SDK templates, of the official
 * Terraform provider and of the official command-line tool. The pattern `login.`, `api.`, `streaming.` + domain holds for all.
 */
import { RingfirstError } from "../errors.ts";

/** One region. */
export interface Region {
  /** As SDKs write it: `us_east_1`. */
  readonly name: string;
  /** As AWS writes it: `us-east-1`. */
  readonly awsRegion: string;
  readonly domain: string;
  readonly loginHost: string;
  readonly apiHost: string;
  /** Hosts that a `connectUri` may have. */
  readonly streamingHost: string;
}

/** Name, AWS name, domain. */
const ROWS: readonly (readonly [string, string, string])[] = [
  ["us_east_1", "us-east-1", "mypurecloud.com"],
  ["us_east_2", "us-east-2", "use2.us-gov-pure.cloud"],
  ["us_west_2", "us-west-2", "usw2.pure.cloud"],
  ["ca_central_1", "ca-central-1", "cac1.pure.cloud"],
  ["mx_central_1", "mx-central-1", "mxc1.pure.cloud"],
  ["sa_east_1", "sa-east-1", "sae1.pure.cloud"],
  ["eu_west_1", "eu-west-1", "mypurecloud.ie"],
  ["eu_west_2", "eu-west-2", "euw2.pure.cloud"],
  ["eu_central_1", "eu-central-1", "mypurecloud.de"],
  ["eu_central_2", "eu-central-2", "euc2.pure.cloud"],
  ["eusc_de_east_1", "eusc-de-east-1", "edee1.eusc-pure.cloud"],
  ["me_central_1", "me-central-1", "mec1.pure.cloud"],
  ["ap_south_1", "ap-south-1", "aps1.pure.cloud"],
  ["ap_southeast_1", "ap-southeast-1", "apse1.pure.cloud"],
  ["ap_southeast_2", "ap-southeast-2", "mypurecloud.com.au"],
  ["ap_northeast_1", "ap-northeast-1", "mypurecloud.jp"],
  ["ap_northeast_2", "ap-northeast-2", "apne2.pure.cloud"],
  ["ap_northeast_3", "ap-northeast-3", "apne3.pure.cloud"],
];

/** All regions, in the order of the SDKs' tables. */
export const REGIONS: readonly Region[] = ROWS.map(([name, awsRegion, domain]) => ({
  name,
  awsRegion,
  domain,
  loginHost: `login.${domain}`,
  apiHost: `api.${domain}`,
  streamingHost: `streaming.${domain}`,
}));

/**
 * A region by any of its names: the domain (`mypurecloud.ie`), the AWS region (`eu-west-1`), the SDKs' name (`eu_west_1`), or a
 * host or address of it (`https://apps.mypurecloud.ie`). Case does not matter.
 *
 * @throws RingfirstError `RF_REGION_UNKNOWN`, listing all
 */
export function resolveRegion(given: string): Region {
  const text = given.trim().toLowerCase();
  const host = text.replace(/^https?:\/\//u, "").replace(/[/:].*$/u, "");
  const found = REGIONS.find(
    (region) =>
      text === region.name ||
      text === region.awsRegion ||
      host === region.domain ||
      (host.endsWith(`.${region.domain}`) && HOST_PREFIXES.has(host.slice(0, -region.domain.length - 1))),
  );
  if (found !== undefined) return found;
  const known = REGIONS.map(({ awsRegion, domain }) => `${awsRegion} (${domain})`).join(", ");
  throw new RingfirstError(
    "RF_REGION_UNKNOWN",
    `region ${JSON.stringify(given.slice(0, 80))} is not known; there are: ${known}`,
    {
      details: { found: given.slice(0, 80) },
    },
  );
}

/** First labels of the platform's own hosts. */
const HOST_PREFIXES: ReadonlySet<string> = new Set(["login", "api", "apps", "streaming"]);
