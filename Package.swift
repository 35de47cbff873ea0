// swift-tools-version: 6.2
import PackageDescription

// Language mode 6 comes with the tools version; these two hold for every target. `Lifetimes` lets a byte
// buffer lend a `Span` of its memory, which the compiler then keeps from outliving the buffer.
let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableExperimentalFeature("Lifetimes"),
]

// `make fuzz` sets PUFFIN_FUZZ: the parsers then tell the fuzzer which of their branches an input reaches, and there is a
// program that feeds them.
let isFuzzing = Context.environment["PUFFIN_FUZZ"] != nil
let fuzzed: [SwiftSetting] = strict + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer,address"])] : [])
let fuzzers: [Target] =
    isFuzzing
    ? [
        .executableTarget(
            name: "puffin-fuzz", dependencies: ["FuzzChecks"], path: "Tests/Fuzzing/Fuzzer", swiftSettings: strict,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])])
    ] : []

// `make docs` sets PUFFIN_DOCS: only then the plugin that builds the client library's pages is fetched.
let documentation: [Package.Dependency] =
    Context.environment["PUFFIN_DOCS"] != nil
    ? [.package(url: "https://github.com/swiftlang/swift-docc-plugin", exact: "1.5.0")] : []

let package = Package(
    name: "puffin",
    products: [
        .executable(name: "puffin-server", targets: ["puffin-server"]),
        .executable(name: "puffin-cli", targets: ["puffin-cli"]),
        .executable(name: "puffin-bench", targets: ["puffin-bench"]),
        .library(name: "PuffinClient", targets: ["PuffinClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
        .package(url: "https://github.com/apple/swift-numerics", exact: "1.1.1"),
    ] + documentation,
    targets: [
        .systemLibrary(
            name: "CLibevent", path: "CLibevent", pkgConfig: "libevent",
            providers: [.apt(["libevent-dev"])]),
        .systemLibrary(
            name: "CLibyaml", path: "Sources/CLibyaml", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(
            name: "CLibedit", path: "Sources/CLibedit", pkgConfig: "libedit",
            providers: [.apt(["libedit-dev"])]),
        .systemLibrary(
            name: "COpenSSL", path: "Sources/COpenSSL", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]),
        // XXH3 is in the headers of libxxhash-dev alone: nothing is linked, so there is no pkgConfig.
        .systemLibrary(
            name: "CMachine", path: "Sources/CMachine",
            providers: [.apt(["libxxhash-dev"])]),

        // The compiler embeds the files of the console.
        .target(name: "CAssets", path: "Sources/CAssets", exclude: ["files"]),
        .target(name: "Assets", dependencies: ["CAssets"], swiftSettings: strict),
        // The compiler embeds docs/openapi.json.
        .target(name: "COpenAPI", path: "Sources/COpenAPI"),
        .target(name: "Program", swiftSettings: strict),
        .target(name: "Bytes", dependencies: ["CMachine"], swiftSettings: fuzzed),
        .target(name: "Wire", dependencies: ["Bytes"], swiftSettings: fuzzed),
        .target(name: "Commands", dependencies: ["Bytes", "Wire"], swiftSettings: strict),
        .target(name: "LogFormat", dependencies: ["Bytes", "CMachine"], swiftSettings: fuzzed),
        .target(
            name: "Store",
            dependencies: [
                "Bytes", "CMachine", "LogFormat", .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: fuzzed),
        .target(
            name: "Inspection",
            dependencies: ["Bytes", "LogFormat", "Store", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: strict),
        .target(name: "Doctor", dependencies: ["Bytes"], swiftSettings: strict),
        .target(name: "OpenSSL", dependencies: ["Bytes", "COpenSSL"], swiftSettings: strict),
        .target(
            name: "Audit",
            dependencies: [
                "Bytes", "LogFormat", "OpenSSL", .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .target(
            name: "AuditDisk",
            dependencies: ["Audit", "Bytes", "Store", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: strict),
        .target(name: "Reactor", dependencies: ["Bytes", "CLibevent", "OpenSSL"], swiftSettings: strict),
        .target(name: "Access", dependencies: ["Bytes", "Commands", "OpenSSL", "Wire"], swiftSettings: strict),
        .target(
            name: "Server",
            dependencies: [
                "Access", "Assets", "Audit", "AuditDisk", "Bytes", "COpenAPI", "Commands", "LogFormat", "OpenSSL",
                "Wire",
                "Store", "Program", "Reactor",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .target(name: "YAML", dependencies: ["CLibyaml"], swiftSettings: strict),
        .target(
            name: "Settings",
            dependencies: ["Bytes", "YAML", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: strict),
        .target(
            name: "ServerConfiguration",
            dependencies: [
                "Audit", "Bytes", "OpenSSL", "Server", "Settings", "Store", "Wire",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .target(
            name: "PuffinClient", dependencies: ["Bytes", "Commands", "OpenSSL", "Wire", "Reactor"],
            swiftSettings: strict),
        .target(name: "BlockingClient", dependencies: ["Bytes", "OpenSSL", "Wire"], swiftSettings: strict),
        .target(
            name: "ConnectionOptions",
            dependencies: [
                "BlockingClient", "OpenSSL", "Program",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .target(
            name: "Shell",
            dependencies: [
                "Access", "Bytes", "Commands", "Wire", "YAML",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: strict),
        .target(
            name: "Bench",
            dependencies: [
                "BlockingClient", "Bytes", "Commands", "OpenSSL", "Wire", "Reactor",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                // Named so that its version does not float: HdrHistogram asks for any from 1.0.0 on.
                .product(name: "Numerics", package: "swift-numerics"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .target(
            name: "Torture",
            dependencies: [
                "BlockingClient", "Bytes", "Wire", .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .target(
            name: "Pauses",
            dependencies: [
                "BlockingClient", "Bytes", "Reactor", "Wire",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: strict),

        .executableTarget(
            name: "puffin-server",
            dependencies: [
                "Access", "Audit", "AuditDisk", "BlockingClient", "Bytes", "Commands", "ConnectionOptions", "Doctor",
                "Inspection", "LogFormat", "OpenSSL", "Program", "Reactor", "Server", "ServerConfiguration", "Settings",
                "Store",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "puffin-cli",
            dependencies: [
                "Access", "BlockingClient", "Bytes", "CLibedit", "Commands", "ConnectionOptions", "Program",
                "PuffinClient", "Shell", "Wire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "puffin-bench",
            dependencies: [
                "Bench", "BlockingClient", "Bytes", "ConnectionOptions", "Pauses", "Program", "Torture",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),

        .executableTarget(
            name: "puffin-client-examples", dependencies: ["Program", "PuffinClient"], path: "Examples/Client",
            swiftSettings: strict),

        .target(
            name: "TestSupport",
            dependencies: [
                "Bytes", "Commands", "LogFormat", "Store", "Wire",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TestSupport", swiftSettings: strict),
        .executableTarget(
            name: "puffin-micro",
            dependencies: [
                "Bytes", "LogFormat", "Store", "Wire", .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Benchmarks/Micro", exclude: ["instructions"], swiftSettings: strict),
        .executableTarget(
            name: "puffin-reply-oracle", dependencies: ["Bytes", "Wire"], path: "Tests/Wasm/Oracle",
            swiftSettings: strict),
        .target(
            name: "FuzzChecks",
            dependencies: [
                "Bytes", "LogFormat", "Wire", "Store", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Fuzzing/FuzzChecks", swiftSettings: strict),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzChecks", "TestSupport"], path: "Tests/Fuzzing/FuzzTests",
            swiftSettings: strict),
        .testTarget(name: "ProgramTests", dependencies: ["Program"], swiftSettings: strict),
        .testTarget(name: "BytesTests", dependencies: ["Bytes", "FuzzChecks", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "WireTests", dependencies: ["Bytes", "Wire", "FuzzChecks", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "CommandsTests", dependencies: ["Bytes", "Commands", "Wire", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "SettingsTests",
            dependencies: [
                "Bytes", "Server", "ServerConfiguration", "Settings", "Store", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .target(
            name: "TestCertificates", dependencies: ["COpenSSL", "OpenSSL"], path: "Tests/TestCertificates",
            swiftSettings: strict),
        .testTarget(
            name: "OpenSSLTests", dependencies: ["Bytes", "OpenSSL", "TestCertificates"], swiftSettings: strict),
        .testTarget(
            name: "AuditTests",
            dependencies: [
                "Audit", "AuditDisk", "Bytes", "LogFormat", "OpenSSL", "Store", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "AccessTests", dependencies: ["Access", "Bytes", "Commands", "OpenSSL", "TestSupport", "Wire"],
            swiftSettings: strict),
        .testTarget(name: "DoctorTests", dependencies: ["Bytes", "Doctor"], swiftSettings: strict),
        .testTarget(name: "ReactorTests", dependencies: ["Bytes", "Reactor", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "BenchTests",
            dependencies: [
                "Bench", "Bytes", .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "BlockingClientTests", dependencies: ["BlockingClient", "Bytes", "Wire", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "PuffinClientTests", dependencies: ["Bytes", "Wire", "PuffinClient", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ShellTests", dependencies: ["Access", "Bytes", "Commands", "Shell", "Wire"], swiftSettings: strict),
        .testTarget(
            name: "StoreTests",
            dependencies: [
                "Bytes", "Inspection", "LogFormat", "Store", "FuzzChecks", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "TortureTests",
            dependencies: ["Torture", "TestSupport", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: strict),
        .testTarget(
            name: "PausesTests",
            dependencies: ["Bytes", "Pauses", .product(name: "Histogram", package: "hdrhistogram-swift")],
            swiftSettings: strict),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Bytes", "Commands", "LogFormat", "Reactor", "Server", "Store", "TestSupport", "Wire",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MetricsTests",
            dependencies: [
                "TestCertificates", "TestSupport", "puffin-server", "Server", "Store",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Integration/Metrics", swiftSettings: strict),
        .testTarget(
            name: "AuditIntegrationTests", dependencies: ["Bytes", "LogFormat", "TestSupport", "puffin-server"],
            path: "Tests/Integration/Audit", swiftSettings: strict),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "Access", "TestCertificates", "TestSupport", "Torture", "Wire", "puffin-server", "puffin-cli",
                "puffin-bench", "puffin-client-examples", "Bytes", "Commands", "OpenSSL", "PuffinClient", "Server",
                "ServerConfiguration", "Settings", "Shell", "Store",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Integration", exclude: ["Audit", "Metrics"], swiftSettings: strict),
    ] + fuzzers
)

// `make wasm` sets PUFFIN_WASM: the package is then the core of the JavaScript client and of the log viewer, built for WebAssembly in
// Embedded Swift from the same sources. What is left out needs a system, and the core does not use it.
if Context.environment["PUFFIN_WASM"] != nil {
    package.products = [.executable(name: "PuffinWasm", targets: ["PuffinWasm"])]
    package.dependencies = []
    package.targets = [
        .systemLibrary(name: "CMachine", path: "Sources/WasmShims/machine"),
        .target(
            name: "Bytes", dependencies: ["CMachine"],
            exclude: [
                "Network", "Threads", "Units", "Numbers/FloatSum.swift", "Numbers/ValueDigest.swift",
                "Text/EditDistance.swift", "Text/TerminalText.swift",
            ],
            swiftSettings: strict),
        .target(name: "Wire", dependencies: ["Bytes"], exclude: ["HTTP", "ReplyWriter.swift"], swiftSettings: strict),
        .target(name: "LogFormat", dependencies: ["Bytes", "CMachine"], swiftSettings: strict),
        .target(name: "WasmShims", exclude: ["machine"]),
        .executableTarget(
            name: "PuffinWasm", dependencies: ["Bytes", "CMachine", "LogFormat", "WasmShims", "Wire"],
            exclude: ["assemble", "npm", "viewer"], swiftSettings: strict),
    ]
}
