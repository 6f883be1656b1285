use documents::*;
#[path = "../src/samples.rs"]
#[allow(warnings)]
mod samples;
fn status(k:&str)->String{std::fs::read_to_string("/proc/self/status").unwrap().lines().find(|l|l.starts_with(k)).unwrap().to_owned()}
fn cpu()->f64{let s=std::fs::read_to_string("/proc/self/stat").unwrap();let v:Vec<&str>=s.rsplit(')').next().unwrap().split_whitespace().collect();(v[11].parse::<f64>().unwrap()+v[12].parse::<f64>().unwrap())/100.0}
fn main(){
    let n:usize=std::env::args().nth(1).unwrap().parse().unwrap();
    let threads:usize=std::env::args().nth(2).unwrap().parse().unwrap();
    let t=std::time::Instant::now();
    let r=Renderer::new();
    println!("new {:?} {}",t.elapsed(),status("VmRSS"));
    let t=std::time::Instant::now();
    r.invoice(&samples::invoice()).unwrap();
    println!("first {:?}",t.elapsed());
    let t=std::time::Instant::now(); let c=cpu();
    let mut bytes=0;
    std::thread::scope(|s|{
        let hs:Vec<_>=(0..threads).map(|th|{let r=r.clone();s.spawn(move||{let mut b=0;for i in 0..n/threads{
            let k=i*threads+th;
            let mut d=samples::invoice();
            d.number=format!("WEA-{k:05}");d.payment_reference=d.number.clone();
            d.school.name=format!("School of St {k} Primary");d.school.urn=Some(100_000+k as i32);
            d.payer.legal_name=format!("Trust number {k}");d.payer.address=format!("{k} High Street\nTown {k}\nLN{k} 4QZ");
            d.lines[0].unit+=k as i64*137;d.lines[0].net=d.lines[0].unit;
            d.explanation=Some(format!("The members agreed a budget of £34,000.00 for 2026–27. It is shared by the number of pupils on roll. Your school had {k} pupils on that day, which makes £{k}.00. Last year your share was £{k}.50."));
            b+=r.invoice(&d).unwrap().len();
            if i%1000==999 {println!("{} {}",i+1,status("VmRSS"));}
        }b})}).collect();
        for h in hs{bytes+=h.join().unwrap();}
    });
    let e=t.elapsed().as_secs_f64();let c=cpu()-c;
    println!("{n} in {e:.2}s wall {:.1}/s, cpu {c:.2}s {:.1}/cpu-s, {} bytes each; {}",n as f64/e,n as f64/c,bytes/n,status("VmHWM"));
}
