use std::time::Instant; use solgate::policy::*;
fn main(){
 tracing_subscriber_init();
 let t=Instant::now();
 let e=Engine::new(EngineConfig::default()).unwrap();
 println!("engine {:?}",t.elapsed());
 for _ in 0..3 {
 let t=Instant::now();
 let p=solgate_native::Parts::of(VNFLCM_V2).unwrap(); println!("parts {:?} memory {} segs {}",t.elapsed(),p.memory,p.image.len());
 let t=Instant::now();
 let l=solgate::policy::EngineConfig::default().native[0].with(&p).unwrap(); println!("with {:?}",t.elapsed());
 }
 let t=Instant::now();
 let p=Policy::vnflcm_v2(&e).unwrap();
 println!("policy {:?} compiled {}",t.elapsed(),e.compilations());
 let t=Instant::now();
 let p2=Policy::vnflcm_v2(&e).unwrap();
 println!("policy {:?} compiled {} start {}",t.elapsed(),e.compilations(),p2.memory_at_start());
 let t=Instant::now();
 let l=solgate_bundle::bake::loadable_engine().unwrap();
 println!("loadable {:?}",t.elapsed());
 let b=solgate_bundle::bake::bundle_of(VNFLCM_V2).unwrap();
 let t=Instant::now();
 let p3=Policy::from_bundle(&e,&l,&b).unwrap();
 println!("from_bundle {:?} compiled {} start {}",t.elapsed(),e.compilations(),p3.memory_at_start());
 drop(p);
 println!("{}",std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l|l.starts_with("Vm")||l.starts_with("Rss")).collect::<Vec<_>>().join("\n"));
}
fn tracing_subscriber_init(){}
