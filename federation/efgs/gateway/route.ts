import type { Outcome } from "../../../src/errors.ts";
import type {
  GatewayBatches,
  GatewayCallbacks,
  GatewayUploads,
} from "../../../src/model/efgs-gateway.ts";
import type { TrustedProxies } from "./caller.ts";
import type { RegisteredCertificate, Registry } from "./registry.ts";

/** What the gateway needs. */
export type GatewayDependencies = {
  readonly registry: () => Promise<Registry>;
  readonly uploads: GatewayUploads;
  readonly batches: GatewayBatches;
  readonly callbacks: GatewayCallbacks;
  readonly settings: GatewaySettings;
  /** Whether a URL may be called: its addresses are public, or private ones are allowed. */
  readonly mayCall: (url: string) => Promise<Outcome<unknown>>;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
  readonly onError: (error: unknown) => void;
};

/** Settings of the gateway. */
export type GatewaySettings = {
  /** EFGS_MAX_BATCH_KEYS: keys in a batch, and in an upload. */
  readonly maxBatchKeys: number;
  /** EFGS_MAX_AGE_DAYS: how many days back batches can be downloaded. */
  readonly maxAgeDays: number;
  readonly proxies: TrustedProxies;
};

/** A request of a country, with what its path names. */
export type CountryRequest = {
  readonly request: Request;
  readonly caller: RegisteredCertificate;
  readonly registry: Registry;
  /** What the path's pattern captured. */
  readonly names: readonly string[];
  readonly nowSeconds: number;
};

/** One address of the gateway. */
export type Route = {
  /** What is wrong with the headers whoever calls: media types come before certificates. */
  readonly precheck?: (request: Request) => Response | undefined;
  readonly answer: (deps: GatewayDependencies, call: CountryRequest) => Promise<Response>;
};
