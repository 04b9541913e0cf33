fn main() {
    let args: Vec<u64> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    for seed in args[0]..args[1] {
        let r = if args.len() > 2 { wayleave_sim::run::told(seed) } else { wayleave_sim::run::run(seed) };
        for line in &r.story { println!("{line}"); }
        if let Some(v) = r.violation { println!("seed {seed}: {v}"); }
    }
}
