//! The APIs that built-in policies judge: what their resources are called, and where
//! other APIs of the same standards are.

use solgate_contract::version::ApiVersion;

/// What an API calls its resources.
#[derive(Debug, PartialEq, Eq)]
pub struct Api {
    /// The segment before the major version.
    pub name: &'static str,
    /// The collection of instances.
    pub instances: &'static str,
    /// The collection of operation occurrences.
    pub occurrences: &'static str,
    /// The member of an occurrence that names its instance.
    pub instance: &'static str,
    /// The states of occurrences that are open.
    pub open: &'static str,
}

static APIS: [Api; 2] = [
    Api {
        name: "vnflcm",
        instances: "vnf_instances",
        occurrences: "vnf_lcm_op_occs",
        instance: "vnfInstanceId",
        open: "STARTING,PROCESSING,ROLLING_BACK,FAILED_TEMP",
    },
    Api {
        name: "nslcm",
        instances: "ns_instances",
        occurrences: "ns_lcm_op_occs",
        instance: "nsInstanceId",
        open: "PROCESSING,ROLLING_BACK,FAILED_TEMP",
    },
];

/// APIs of the same standards that no built-in policy judges, each with a collection.
pub const OTHERS: [(&str, &str); 7] = [
    ("vnfpkgm", "vnf_packages"),
    ("vnffm", "alarms"),
    ("vnfpm", "pm_jobs"),
    ("vnfind", "indicators"),
    ("nsd", "ns_descriptors"),
    ("nsfm", "alarms"),
    ("nspm", "pm_jobs"),
];

/// An API root, taken apart.
#[derive(Debug, Clone, Copy)]
pub struct Root {
    pub path: &'static str,
    /// What is before the major version, such as `/vnflcm`.
    pub family: &'static str,
    pub major: u64,
    pub api: &'static Api,
}

impl Root {
    /// `None` for a root whose API is not known here.
    #[must_use]
    pub fn of(path: &'static str) -> Option<Self> {
        let (family, last) = path.rsplit_once('/')?;
        let major = last.strip_prefix('v')?.parse().ok()?;
        let name = family.rsplit('/').next()?;
        let api = APIS.iter().find(|api| api.name == name)?;
        Some(Self { path, family, major, api })
    }

    #[must_use]
    pub fn instances(&self) -> String {
        format!("{}/{}", self.path, self.api.instances)
    }

    #[must_use]
    pub fn occurrences(&self) -> String {
        format!("{}/{}", self.path, self.api.occurrences)
    }

    /// The versions of the standard below this root.
    #[must_use]
    pub fn known_versions(&self) -> Vec<ApiVersion> {
        let minors: &[u64] = match self.major {
            1 => &[0, 1, 2, 3, 4, 5],
            2 => &[0, 1, 2, 3, 10, 12],
            _ => &[0],
        };
        minors.iter().filter_map(|minor| version(self.major, *minor, 0)).collect()
    }

    /// A version that no release has.
    #[must_use]
    pub fn invented_version(&self) -> Option<ApiVersion> {
        version(self.major, 999, 999)
    }

    #[must_use]
    pub fn has(&self, version: ApiVersion) -> bool {
        version.to_string().split('.').next() == Some(self.major.to_string().as_str())
    }
}

fn version(major: u64, minor: u64, patch: u64) -> Option<ApiVersion> {
    ApiVersion::plain(&format!("{major}.{minor}.{patch}"))
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;

    /// A policy that is new is examined, or this says that it is not.
    #[test]
    fn the_roots_of_all_built_in_policies_are_known() {
        for policy in solgate::policy::BUILT_IN {
            for path in policy.roots() {
                let root = Root::of(path).unwrap_or_else(|| panic!("{path}"));
                assert!(!root.known_versions().is_empty() && root.known_versions().iter().all(|one| root.has(*one)));
                assert!(root.invented_version().is_some_and(|version| root.has(version)), "{path}");
            }
        }
    }
}
