//! A static server on loopback, with the headers that the package promises to run under.

use crate::{paths, process};
use anyhow::{Context, Result};
use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::thread;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

/// No eval, no CDN, no blob worker, no other host: what ARCHITECTURE.md promises a page may forbid.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; \
    style-src 'self'; img-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// What to serve.
#[derive(clap::Args, Clone)]
#[group(id = "serve")] // `demo` flattens these into options of the same type name
pub(crate) struct Options {
    /// The folder to serve (default: www/dist).
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
    /// The port (0: any free one).
    #[arg(long, default_value_t = 8017)]
    pub(crate) port: u16,
    /// Also send COOP and COEP, which make the page cross-origin isolated. The package does not need it.
    #[arg(long)]
    pub(crate) isolated: bool,
}

/// `cargo xtask serve`: until it is interrupted.
pub(crate) fn run(options: &Options) -> Result<()> {
    let (address, server) = start(options)?;
    process::say(&format!("http://{address}/  (Ctrl-C stops it)"));
    server.join().map_err(|_| anyhow::anyhow!("the server stopped"))?
}

/// Starts serving on a thread of its own. The listener is bound when this returns.
pub(crate) fn start(options: &Options) -> Result<(SocketAddr, thread::JoinHandle<Result<()>>)> {
    let folder = options.folder.clone().unwrap_or_else(|| paths::root().join("www/dist"));
    crate::ensure(
        folder.is_dir(),
        &format!("{} is not a folder.\n  `cargo xtask build` makes the page.", folder.display()),
    )?;
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).with_context(|| {
        format!("port {} on 127.0.0.1 is not free.\n  Choose another with --port (0 takes any free one)", options.port)
    })?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let router = router(folder, paths::models(), options.isolated);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_io().build()?;
    let server = thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, router).await.context("the server failed")
        })
    });
    Ok((address, server))
}

/// The folder at `/`, the model folder at `/models/`; ranges, types and conditional requests are ServeDir's.
fn router(folder: PathBuf, models: PathBuf, isolated: bool) -> Router {
    let mut router =
        Router::new().nest_service("/models", ServeDir::new(models)).fallback_service(ServeDir::new(folder));
    let mut headers = vec![
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        // A page that was rebuilt is seen at once; models are kept by the package itself.
        ("cache-control", "no-cache"),
    ];
    if isolated {
        headers.push(("cross-origin-opener-policy", "same-origin"));
        headers.push(("cross-origin-embedder-policy", "require-corp"));
    }
    for (name, value) in headers {
        let layer = SetResponseHeaderLayer::overriding(HeaderName::from_static(name), HeaderValue::from_static(value));
        router = router.layer(layer);
    }
    router
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Status, headers and body of one request to a server over a folder with `a.wasm` (10 bytes) and a model.
    fn get(isolated: bool, path: &str, range: Option<&str>) -> ureq::http::Response<Vec<u8>> {
        let folder = std::env::temp_dir().join(format!("rushlight-serve-{}-{isolated}", std::process::id()));
        let models = folder.join("m");
        fs::create_dir_all(models.join("tiny")).expect("scratch folder");
        fs::write(folder.join("a.wasm"), b"0123456789").expect("file");
        fs::write(models.join("tiny/model.gguf"), b"GGUF").expect("file");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_io().build().expect("runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("listener");
        let address = listener.local_addr().expect("address");
        runtime.spawn(async move { axum::serve(listener, router(folder, models, isolated)).await });
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
        let mut request = agent.get(format!("http://{address}{path}"));
        if let Some(range) = range {
            request = request.header("Range", range);
        }
        let (parts, mut body) = request.call().expect("answer").into_parts();
        ureq::http::Response::from_parts(parts, body.read_to_vec().expect("body"))
    }

    #[test]
    fn files_have_their_type_and_the_strict_headers() {
        let answer = get(false, "/a.wasm", None);
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/wasm");
        let policy = answer.headers()["content-security-policy"].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("'unsafe-") && !policy.contains("blob:"));
        assert!(!answer.headers().contains_key("cross-origin-opener-policy"));
        assert_eq!(get(true, "/a.wasm", None).headers()["cross-origin-embedder-policy"], "require-corp");
    }

    #[test]
    fn ranges_models_and_escapes() {
        let part = get(false, "/a.wasm", Some("bytes=2-4"));
        assert_eq!((part.status().as_u16(), part.body().as_slice()), (206, b"234".as_slice()));
        assert_eq!(part.headers()["content-range"], "bytes 2-4/10");
        assert_eq!(get(false, "/models/tiny/model.gguf", None).body(), b"GGUF");
        assert_eq!(get(false, "/models/%2e%2e/a.wasm", None).status(), 404);
        assert_eq!(get(false, "/absent", None).status(), 404);
    }
}
