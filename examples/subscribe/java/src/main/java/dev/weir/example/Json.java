package dev.weir.example;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** Reads a member of a JSON object with the parser that Avro brings along. */
final class Json {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private Json() {}

  /** The member's own JSON, or its text when it is a string. */
  static String member(String json, String name) throws JsonProcessingException {
    JsonNode node = MAPPER.readTree(json).get(name);
    return node.isTextual() ? node.textValue() : node.toString();
  }
}
