"""What tests share: database servers, browsers, ports, nodes. Nothing here asserts anything about the product."""
