/** `eu-central-1`: nothing else may become a part of a host name. */
export const AWS_REGION: RegExp = /^[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/;

/** The endpoint of a service in a region. Throws a RangeError for what is no region. */
export function awsEndpoint(service: string, region: string): URL {
  if (!AWS_REGION.test(region)) throw new RangeError("not an AWS region");
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return new URL(`https://${service}.${region}.${domain}/`);
}
