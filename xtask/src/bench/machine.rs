//! The machine that was measured on, without its name.

/// What a reader has to know of it.
pub struct Machine {
    /// Cores that we may use.
    pub cores: usize,
    /// The processor, as it names itself.
    pub model: String,
    /// Load average of the last minute.
    pub load: String,
}

impl Machine {
    /// Looks at it now.
    pub fn look() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let load = read("/proc/loadavg");
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            model: model(&read("/proc/cpuinfo")).to_owned(),
            load: load.split(' ').next().unwrap_or("unknown").to_owned(),
        }
    }
}

fn model(cpuinfo: &str) -> &str {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(": "));
    name.map_or("an unnamed processor", |(_, name)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_named_as_the_system_names_it() {
        assert_eq!(model("processor\t: 0\nmodel name\t: A CPU 3 \n"), "A CPU 3");
        assert_eq!(model(""), "an unnamed processor");
    }
}
