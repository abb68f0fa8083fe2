//! Start, operation and end of the server, and the VNFM of the demo.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod serve_support;

use std::time::Duration;

use solgate_author::demo;
use solgate_author::demo::Vnfm;
use solgate_author::demo::ids;
use solgate_config::{ListenAddress, UpstreamConfig};
use solgate_gateway::listen::inherited::Inherited;
use solgate_serve::Server;

use serve_support::{Act, Client, OK, Upstream, config, exchange, open_gate, start};

#[tokio::test]
async fn a_request_in_flight_is_finished_before_the_end() {
    let upstream = Upstream::start(|_| vec![Act::Wait, Act::Send(OK.to_vec())]).await;
    let mut gate = start(config(upstream.address)).await;
    let mut idle = Client::connect(gate.address).await;
    let mut half = Client::connect(gate.address).await;
    half.send("GET / HTTP/1.1\r\nHo").await;
    let mut client = Client::connect(gate.address).await;
    client.send("POST /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
    upstream.arrived.notified().await;
    gate.stop.take().unwrap().send(()).unwrap();
    assert!(idle.is_closed().await);
    assert!(half.is_closed().await);
    upstream.go.notify_one();
    let answer = client.receive(false).await;
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"ok"[..]));
    assert!(client.is_closed().await);
    assert_eq!((&mut gate.task).await.unwrap(), 0, "no connection was cut");
    assert!(tokio::net::TcpStream::connect(gate.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut() {
    let upstream = Upstream::start(|_| vec![Act::Hang]).await;
    let mut config = config(upstream.address);
    config.limits.drain = Duration::from_millis(50);
    let mut gate = start(config).await;
    let mut client = Client::connect(gate.address).await;
    client.send("POST /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
    upstream.arrived.notified().await;
    gate.stop.take().unwrap().send(()).unwrap();
    assert_eq!((&mut gate.task).await.unwrap(), 1);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn an_address_in_use_is_one_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = config(taken.local_addr().unwrap());
    config.listen = ListenAddress::Tcp(taken.local_addr().unwrap().to_string());
    let error = Server::bind(&config, Inherited::default(), &open_gate).await.err().unwrap().to_string();
    assert!(error.starts_with(&format!("cannot listen on {}", taken.local_addr().unwrap())), "{error}");
    assert!(error.contains("--listen") && !error.contains('\n'), "{error}");
}

#[tokio::test]
async fn the_admin_address_is_apart() {
    let upstream = Upstream::answering(OK).await;
    let mut config = config(upstream.address);
    config.admin = Some(ListenAddress::Tcp("127.0.0.1:0".to_owned()));
    let gate = start(config).await;
    let admin = gate.admin.unwrap();
    assert_eq!(exchange(gate.address, "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n").await.body, b"ok");
    assert_eq!(upstream.seen().len(), 1, "on the port of the clients it is a request like any other");
    exchange(gate.address, "GET /a HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n").await;

    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: admin\r\n\r\n");
    for (path, status, text) in [
        ("/healthz", 200, "ok\n"),
        ("/readyz", 200, "ready\n"),
        ("/vnflcm/v2/subscriptions", 404, "here are /healthz, /readyz, /metrics, /status, /config and /log-level\n"),
    ] {
        let answer = exchange(admin, get(path)).await;
        assert_eq!((answer.status, String::from_utf8(answer.body).unwrap().as_str()), (status, text), "{path}");
    }
    assert_eq!(exchange(admin, "POST /healthz HTTP/1.1\r\nHost: admin\r\n\r\n").await.status, 405);

    // A request is counted when its answer has been handed over.
    let vnfm = upstream.address;
    let wanted = [
        &format!(
            "solgate_requests_total{{upstream=\"{vnfm}\",api=\"\",operation=\"unknown\",status=\"200\",verdict=\"allow\",rule=\"\"}} 1"
        ),
        "solgate_requests_total{upstream=\"\",api=\"\",operation=\"unknown\",status=\"400\",verdict=\"fault\",rule=\"transport.field.repeated\"} 1",
        &format!("solgate_upstream_answers_total{{upstream=\"{vnfm}\",class=\"2xx\"}} 1"),
        "solgate_evaluation_seconds_count 1",
        "solgate_policy_info{upstream=",
        &format!("solgate_gate_mode{{upstream=\"{}\",mode=\"enforce\"}} 1", upstream.address),
    ];
    for _ in 0..200 {
        let metrics = String::from_utf8(exchange(admin, get("/metrics")).await.body).unwrap();
        if wanted.iter().all(|line| metrics.contains(line)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{}", String::from_utf8(exchange(admin, get("/metrics")).await.body).unwrap());
}

#[tokio::test]
async fn requests_find_their_vnfm_by_host_and_path() {
    let first = Upstream::answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst").await;
    let second = Upstream::answering(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond").await;
    let mut config = config(first.address);
    config.upstreams[0].host = Some("a.example".to_owned());
    let mut other = UpstreamConfig::new(format!("http://{}", second.address).parse().unwrap());
    other.path_prefix = Some("/vnflcm/v2".to_owned());
    config.upstreams.push(other);
    let gate = start(config).await;
    let get = |host: &str, path: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    assert_eq!(exchange(gate.address, get("A.example:80", "/vnflcm/v2/x")).await.body, b"first");
    assert_eq!(exchange(gate.address, get("b.example", "/vnflcm/v2/x")).await.body, b"second");
    let answer = exchange(gate.address, get("b.example", "/x")).await;
    assert_eq!((answer.status, answer.rule().as_str()), (404, "gate.no-upstream"));
}

#[tokio::test]
async fn connections_beyond_the_limit_are_told_so() {
    let upstream = Upstream::answering(OK).await;
    let mut config = config(upstream.address);
    config.limits.connections = 1;
    config.admin = Some(ListenAddress::Tcp("127.0.0.1:0".to_owned()));
    let gate = start(config).await;
    let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut first = Client::connect(gate.address).await;
    first.send(get).await;
    first.receive(false).await;
    for request in [get, ""] {
        let mut second = Client::connect(gate.address).await;
        second.try_send(request.as_bytes()).await;
        let answer = second.receive(false).await;
        assert_eq!((answer.status, answer.rule().as_str()), (503, "gate.connections"));
        assert_eq!(answer.field("connection").as_deref(), Some("close"));
        assert_eq!(answer.field("content-type").as_deref(), Some("application/problem+json"));
        assert!(answer.field("retry-after").is_some());
        assert!(second.is_closed().await);
    }
    let metrics = exchange(gate.admin.unwrap(), "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let metrics = String::from_utf8(metrics.body).unwrap();
    assert!(metrics.contains("solgate_connections_refused_total{outcome=\"answered\"} 2"), "{metrics}");
    first.send(get).await;
    assert_eq!(first.receive(false).await.status, 200, "the one that was there goes on");
    drop(first);
    for _ in 0..200 {
        let mut next = Client::connect(gate.address).await;
        next.try_send(get.as_bytes()).await;
        if next.receive(false).await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("there is no room again");
}

#[tokio::test]
async fn requests_beyond_the_limit_are_refused_and_may_come_again() {
    let upstream = Upstream::start(|request| match request {
        [b'G', ..] => serve_support::send(OK),
        _ => vec![Act::Wait, Act::Send(OK.to_vec())],
    })
    .await;
    let mut config = config(upstream.address);
    config.limits.requests = 1;
    let gate = start(config).await;
    let mut first = Client::connect(gate.address).await;
    first.send("POST /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
    upstream.arrived.notified().await;
    let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut second = Client::connect(gate.address).await;
    second.send(get).await;
    let answer = second.receive(false).await;
    assert_eq!((answer.status, answer.rule().as_str()), (503, "gate.requests"));
    assert!(answer.field("retry-after").is_some());
    assert_eq!(answer.field("connection"), None, "the connection can be used again");
    upstream.go.notify_one();
    assert_eq!(first.receive(false).await.status, 200);
    second.send(get).await;
    assert_eq!(second.receive(false).await.status, 200);
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn bodies_for_which_there_is_no_memory_are_refused() {
    const BODY: usize = 1 << 20;
    let upstream = Upstream::answering(OK).await;
    let mut config = config(upstream.address);
    config.limits.body_memory = BODY;
    let gate = start(config).await;
    let head = format!("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: {BODY}\r\n\r\n");
    let mut first = Client::connect(gate.address).await;
    first.send(&head).await;
    first.send(vec![b' '; BODY - 1]).await;
    let small = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}";
    // The gate reads it meanwhile, in the same thread.
    for _ in 0..200 {
        let answer = exchange(gate.address, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
        assert_eq!(answer.status, 200, "it needs no memory for a body");
    }
    let refused = exchange(gate.address, small).await;
    assert_eq!((refused.status, refused.rule().as_str()), (503, "gate.body-memory"));
    first.send(" ").await;
    assert_eq!(first.receive(false).await.status, 200);
    assert_eq!(exchange(gate.address, small).await.status, 200);

    let mut config = serve_support::config(upstream.address);
    config.limits.body_memory = BODY - 1;
    let error = Server::bind(&config, Inherited::default(), &open_gate).await.err().unwrap().to_string();
    assert!(error.contains("bodyMemoryBytes is 1048575") && error.contains("1048576"), "{error}");
}

#[tokio::test]
async fn the_demo_vnfm_answers_as_the_standard_says() {
    let vnfm = Vnfm::start().await.unwrap();
    let gate = start(config(vnfm.address())).await;
    let call = |method: &str, path: &str, body: &str| {
        format!(
            "{method} /vnflcm/v2{path} HTTP/1.1\r\nHost: gate.example\r\nVersion: 2.0.0\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let link = |path: &str| Some(format!("http://gate.example/vnflcm/v2{path}"));
    let running = format!(
        "/vnf_lcm_op_occs?filter=(eq,vnfInstanceId,{});(in,operationState,STARTING,PROCESSING)",
        ids::INSTANTIATED
    );

    let before = exchange(gate.address, call("GET", &running, "")).await;
    assert_eq!((before.status, before.body.as_slice()), (200, &b"[]"[..]));
    let answer = exchange(
        gate.address,
        call("POST", &format!("/vnf_instances/{}/terminate", ids::INSTANTIATED), r#"{"terminationType":"FORCEFUL"}"#),
    )
    .await;
    assert_eq!(answer.status, 202);
    let location = answer.field("location").unwrap();
    assert!(location.starts_with(&link("/vnf_lcm_op_occs/b").unwrap()), "{location}");
    let occurrence =
        exchange(gate.address, call("GET", location.strip_prefix("http://gate.example/vnflcm/v2").unwrap(), ""))
            .await
            .json();
    assert_eq!((&occurrence["operation"], &occurrence["operationState"]), (&"TERMINATE".into(), &"STARTING".into()));
    let after = exchange(gate.address, call("GET", &running.replace('(', "%28"), "")).await;
    assert_eq!(after.json().as_array().unwrap().len(), 1);

    for (id, state) in [
        (ids::STARTING, "STARTING"),
        (ids::PROCESSING, "PROCESSING"),
        (ids::COMPLETED, "COMPLETED"),
        (ids::FAILED_TEMP, "FAILED_TEMP"),
        (ids::FAILED, "FAILED"),
        (ids::ROLLING_BACK, "ROLLING_BACK"),
        (ids::ROLLED_BACK, "ROLLED_BACK"),
    ] {
        let answer = exchange(gate.address, call("GET", &format!("/vnf_lcm_op_occs/{id}"), "")).await;
        assert_eq!(answer.json()["operationState"], state);
        assert_eq!(
            (answer.field("version").as_deref(), answer.field("etag").as_deref()),
            (Some("2.0.0"), Some("\"1\""))
        );
    }
    let table = [
        ("POST", format!("/vnf_lcm_op_occs/{}/retry", ids::FAILED_TEMP), "", 202, None),
        ("POST", format!("/vnf_lcm_op_occs/{}/rollback", ids::FAILED_TEMP), "", 202, None),
        ("POST", format!("/vnf_lcm_op_occs/{}/fail", ids::FAILED_TEMP), "", 200, None),
        (
            "POST",
            "/subscriptions".to_owned(),
            r#"{"callbackUri":"http://x/"}"#,
            201,
            link("/subscriptions/c1111111-0000-4000-8000-000000000002"),
        ),
        (
            "POST",
            "/subscriptions".to_owned(),
            r#"{"callbackUri":"http://x/"}"#,
            303,
            link("/subscriptions/c1111111-0000-4000-8000-000000000002"),
        ),
        ("DELETE", "/subscriptions/c1111111-0000-4000-8000-000000000002".to_owned(), "", 204, None),
        ("GET", "/subscriptions/c1111111-0000-4000-8000-000000000002".to_owned(), "", 404, None),
        (
            "PATCH",
            format!("/vnf_instances/{}", ids::NOT_INSTANTIATED),
            r#"{"vnfInstanceName":"n"}"#,
            202,
            link("/vnf_lcm_op_occs/b1111111-0000-4000-8000-000000000003"),
        ),
        ("DELETE", format!("/vnf_instances/{}", ids::NOT_INSTANTIATED), "", 204, None),
        ("GET", format!("/vnf_instances/{}", ids::NOT_INSTANTIATED), "", 404, None),
        (
            "POST",
            "/vnf_instances".to_owned(),
            r#"{"vnfdId":"d"}"#,
            201,
            link("/vnf_instances/a1111111-0000-4000-8000-000000000004"),
        ),
    ];
    for (method, path, body, status, location) in table {
        let answer = exchange(gate.address, call(method, &path, body)).await;
        assert_eq!((answer.status, answer.field("location")), (status, location), "{method} {path}");
    }
}

#[tokio::test]
async fn the_demo_nfvo_answers_as_the_standard_says() {
    let vnfm = Vnfm::start().await.unwrap();
    let gate = start(config(vnfm.address())).await;
    let call = |method: &str, path: &str, body: &str| {
        format!(
            "{method} /nslcm/v2{path} HTTP/1.1\r\nHost: gate.example\r\nVersion: 2.3.0\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let instance = exchange(gate.address, call("GET", &format!("/ns_instances/{}", ids::NOT_INSTANTIATED), "")).await;
    assert_eq!(instance.field("version").as_deref(), Some("2.3.0"));
    assert_eq!(instance.json()["nsState"], "NOT_INSTANTIATED");
    let waiting = format!("/ns_lcm_op_occs?filter=(eq,nsInstanceId,{});(in,operationState,FAILED_TEMP)", ids::STUCK);
    let found = exchange(gate.address, call("GET", &waiting, "")).await.json();
    assert_eq!((&found[0]["id"], &found[0]["lcmOperationType"]), (&ids::FAILED_TEMP.into(), &"SCALE".into()));
    assert!(found[0]["statusEnteredTime"].is_string() && found.as_array().unwrap().len() == 1);

    let updated =
        exchange(gate.address, call("POST", &format!("/ns_instances/{}/update", ids::INSTANTIATED), "{}")).await;
    assert_eq!(updated.status, 202);
    let location = updated.field("location").unwrap();
    let occurrence = location.strip_prefix("http://gate.example/nslcm/v2").unwrap();
    let occurrence = exchange(gate.address, call("GET", occurrence, "")).await.json();
    assert_eq!(
        (&occurrence["operationState"], &occurrence["nsInstanceId"], &occurrence["lcmOperationType"]),
        (&"PROCESSING".into(), &ids::INSTANTIATED.into(), &"UPDATE".into())
    );
    let created =
        exchange(gate.address, call("POST", "/ns_instances", r#"{"nsdId":"d","nsName":"n","nsDescription":"x"}"#))
            .await;
    assert_eq!((created.status, &created.json()["nsInstanceName"]), (201, &"n".into()));

    let of_vnfm = |path: &str| call("GET", path, "").replace("/nslcm/", "/vnflcm/");
    let table = [
        (call("POST", &format!("/ns_lcm_op_occs/{}/continue", ids::FAILED_TEMP), ""), 202),
        (call("POST", &format!("/ns_lcm_op_occs/{}/fail", ids::FAILED_TEMP), ""), 200),
        (call("POST", &format!("/ns_instances/{}/scale_to_level", ids::INSTANTIATED), "{}"), 404),
        (call("PATCH", &format!("/ns_instances/{}", ids::INSTANTIATED), "{}"), 405),
        (call("GET", &format!("/subscriptions/{}", ids::SUBSCRIPTION), ""), 200),
        (call("GET", "/api_versions", ""), 200),
        (call("POST", "/vnf_snapshots", "{}"), 405),
        (call("GET", "/vnf_snapshots", ""), 200),
        (call("DELETE", &format!("/vnf_snapshots/{}", ids::SNAPSHOT), ""), 204),
        (call("GET", &format!("/vnf_snapshots/{}", ids::SNAPSHOT), ""), 404),
        // Each API has resources of its own.
        (call("GET", "/vnf_instances", ""), 404),
        (of_vnfm("/ns_instances"), 404),
        (of_vnfm(&format!("/vnf_snapshots/{}", ids::SNAPSHOT)), 404),
        (of_vnfm(&format!("/vnf_lcm_op_occs/{}/continue", ids::FAILED_TEMP)).replace("GET", "POST"), 404),
    ];
    for (request, status) in table {
        let answer = exchange(gate.address, request.clone()).await;
        assert_eq!(answer.status, status, "{request}");
    }
}

#[test]
fn the_tour_names_the_gate_and_what_to_expect() {
    let tour = demo::tour("127.0.0.1:8080".parse().unwrap());
    let commands: Vec<&str> = tour.lines().filter(|line| line.starts_with("curl ")).collect();
    assert!(commands.len() > 12);
    for command in commands {
        let is_of = |root: &str| command.contains(&format!("http://127.0.0.1:8080{root}/"));
        assert!(is_of("/vnflcm/v2") || is_of("/nslcm/v2"), "{command}");
        assert!(!command.contains("localhost"), "{command}");
    }
    for answer in ["# 400", "# 406", "# 409", "# 404", "# 202", "# 201", "# 303", "# 204"] {
        assert!(tour.contains(answer), "{answer}");
    }
}
