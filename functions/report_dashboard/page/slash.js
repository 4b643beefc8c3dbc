// The page's files are relative to its address, which therefore ends with a slash. A function
// cannot tell whether it did: gateways pass on both as the same path.
if (!location.pathname.endsWith("/")) {
  location.replace(`${location.pathname}/${location.search}${location.hash}`);
}
