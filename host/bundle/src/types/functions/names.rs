//! Functions of addresses, networks, URIs, versions and quantities, and of the lists of
//! policy.yaml.

use super::*;

pub(super) const FUNCTIONS: &[Function] = &[
    total(
        &[function("host", &[TEXT], TEXT)],
        "the host of an absolute URI, in lower case; empty if there is none (see below)",
        "host('https://NFVO.example:8443/x') == 'nfvo.example'",
    ),
    partial(
        &[function("inCIDR", &[TEXT, TEXT], BOOL)],
        "whether an address, or a network, lies in a network; IPv4 addresses that are written as IPv6 ones count as IPv4",
        "a second text that is no network; a literal is looked at when the policy is built",
        "inCIDR('::ffff:10.1.2.3', '10.0.0.0/8') && !inCIDR('host', '10.0.0.0/8')",
    ),
    total(
        &[function("inList", &[ANY, TEXT], BOOL)],
        "whether a text is in a list of policy.yaml",
        "inList('callbackHosts', host(body.callbackUri))",
    ),
    total(
        &[function("isCIDR", &[TEXT], BOOL)],
        "whether a text is a network, such as `10.0.0.0/8`",
        "isCIDR('2001:db8::/32') && !isCIDR('10.0.0.0/33')",
    ),
    total(
        &[function("isIP", &[TEXT], BOOL)],
        "whether a text is an IPv4 or IPv6 address, without port, brackets and zone",
        "isIP('192.0.2.1') && !isIP('192.0.2.1:80')",
    ),
    total(
        &[function("scheme", &[TEXT], TEXT)],
        "the scheme of an absolute URI, in lower case; empty if there is none",
        "scheme('HTTPS://nfvo.example/') == 'https'",
    ),
    total(
        &[function("ip", &[TEXT], TEXT)],
        "an address in its usual spelling, so that equal ones are equal texts; empty if the text is none",
        "ip('2001:DB8:0:0::1') == '2001:db8::1' && ip('::ffff:192.0.2.1') == '192.0.2.1' && ip('host') == ''",
    ),
    total(
        &[function("ipFamily", &[TEXT], NUMBER)],
        "4 or 6; 0 if the text is no address",
        "ipFamily('192.0.2.1') == 4 && ipFamily('2001:db8::1') == 6 && ipFamily('host') == 0",
    ),
    total(
        &[function("port", &[TEXT], NUMBER)],
        "the port of an absolute URI, or that of http or https if none is written; 0 if there is none",
        "port('https://nfvo.example:8443/') == 8443 && port('https://nfvo.example') == 443 && port('x') == 0",
    ),
    total(
        &[function("uriPath", &[TEXT], TEXT)],
        "the path of an absolute URI as a client asks for it: without `..` segments, also encoded ones, and without the \
         query; empty if there is none",
        "uriPath('https://nfvo.example/a/%2e%2e/b?c=d') == '/b' && uriPath('https://nfvo.example') == '/'",
    ),
    total(
        &[function("uriParameter", &[TEXT, TEXT], OPTIONAL)],
        "a parameter of a URI's query, decoded; of one that is given twice, the last",
        "uriParameter('https://nfvo.example/?a=%41', 'a').orValue('') == 'A' && !uriParameter('x', 'a').hasValue()",
    ),
    partial(
        &[function("semver", &[TEXT], VERSION), function("semver", &[TEXT, BOOL], VERSION)],
        "a version by Semantic Versioning, which is compared by its order; with `true`, `v1.2` and `01.2` are also read",
        "a text that is no such version",
        "semver('1.10.0') > semver('1.9.0') && semver('1.0.0-rc.1') < semver('1.0.0') && semver('v2', true) == semver('2.0.0')",
    ),
    total(
        &[function("isSemver", &[ANY], BOOL), function("isSemver", &[ANY, BOOL], BOOL)],
        "whether semver() takes a value",
        "isSemver('1.2.3') && !isSemver('1.2') && isSemver('1.2', true)",
    ),
    partial(
        &[function("quantity", &[TEXT], NUMBER)],
        "the number that a quantity of Kubernetes means: with `m`, `k`, `M`, `G` ..., `Ki`, `Mi`, `Gi` ... or an exponent",
        "a text that is no quantity",
        "quantity('500Mi') == 524288000 && quantity('250m') == 0.25 && quantity('1.5Gi') > quantity('1G')",
    ),
    total(
        &[function("isQuantity", &[ANY], BOOL)],
        "whether quantity() takes a value",
        "isQuantity('500Mi') && !isQuantity('500 MB') && !isQuantity(500)",
    ),
];
