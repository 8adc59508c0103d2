package tocsin.peer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** A sensor's status, read by a streaming parser into one reused object: the cheapest way with this library. */
final class Status {
  private static final JsonFactory JSON = new JsonFactory();

  int id;
  boolean motion;
  boolean smoke;
  double temperature;
  double maxTemperature;

  /** Values may be strings; unknown fields are skipped. False: not a status. */
  boolean read(byte[] value) {
    id = -1;
    motion = false;
    smoke = false;
    temperature = Double.NaN;
    maxTemperature = Double.NaN;
    try (JsonParser parser = JSON.createParser(value)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return false;
      }
      for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
        JsonToken token = parser.nextToken();
        switch (name) {
          case "id" -> id = token == JsonToken.VALUE_STRING ? Integer.parseInt(parser.getText()) : parser.getIntValue();
          case "motion" -> motion = flag(parser, token);
          case "smoke" -> smoke = flag(parser, token);
          case "temperature" -> temperature = number(parser, token);
          case "maxTemperature" -> maxTemperature = number(parser, token);
          default -> parser.skipChildren();
        }
      }
      return id >= 0;
    } catch (IOException | NumberFormatException fault) {
      return false;
    }
  }

  private static boolean flag(JsonParser parser, JsonToken token) throws IOException {
    return token == JsonToken.VALUE_STRING ? Boolean.parseBoolean(parser.getText()) : token == JsonToken.VALUE_TRUE;
  }

  private static double number(JsonParser parser, JsonToken token) throws IOException {
    return token == JsonToken.VALUE_STRING ? Double.parseDouble(parser.getText()) : parser.getDoubleValue();
  }
}
