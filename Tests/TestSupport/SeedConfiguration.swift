/// The file of the README that the project began with, as it stands there.
package let seedConfiguration = """
    server:
      port: ":8080"
      data_file: "puffin.json"
      
    replication:
      mode: "leader"
      followers:
        - "localhost:8081"
        - "localhost:8082"

    logging:
      level: "info"
      format: "json"

    metrics:
      enabled: true
      port: ":9090"

    """
