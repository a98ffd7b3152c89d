using System.Text.Json;
using KvmTop.Collectors;

namespace KvmTop.Batch;

/// <summary>Writes the figures of a row as properties of a JSON object.</summary>
public static class MetricJson
{
    /// <summary>
    /// Writes one property for each figure that is not <see cref="Metric{TRow}.ScreenOnly"/>, into the object that the caller has begun.
    /// Percent and plain numbers have two decimals, rates of things one, bytes and counts none. Missing is null.
    /// </summary>
    public static void Write<TRow>(Utf8JsonWriter writer, IReadOnlyList<Metric<TRow>> metrics, TRow row)
    {
        for (var i = 0; i < metrics.Count; i++)
        {
            var metric = metrics[i];
            if (metric.ScreenOnly)
            {
                continue;
            }

            writer.WritePropertyName(JsonNames.Of(metric.Id));
            var figure = metric.Get(row);
            if (figure.Text is { } text)
            {
                writer.WriteStringValue(text);
            }
            else
            {
                WriteNumber(writer, figure.Number, metric.Unit);
            }
        }
    }

    /// <summary>Writes an array of rows as one property: an object with the figures of each.</summary>
    public static void Write<TRow>(Utf8JsonWriter writer, string name, IReadOnlyList<Metric<TRow>> metrics, IEnumerable<TRow> rows)
    {
        writer.WriteStartArray(name);
        foreach (var row in rows)
        {
            writer.WriteStartObject();
            Write(writer, metrics, row);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>Writes one property for each group of figures: an object with their names, or null when they are not known.</summary>
    public static void Write<TRow>(Utf8JsonWriter writer, IReadOnlyList<MapMetric<TRow>> maps, TRow row)
    {
        foreach (var map in maps)
        {
            writer.WritePropertyName(JsonNames.Of(map.Id));
            if (map.Get(row) is not { } figures)
            {
                writer.WriteNullValue();
                continue;
            }

            writer.WriteStartObject();
            for (var i = 0; i < figures.Count; i++)
            {
                var (name, number) = figures[i];
                writer.WritePropertyName(JsonNames.Of(name));
                WriteNumber(writer, number, map.Unit);
            }

            writer.WriteEndObject();
        }
    }

    private static void WriteNumber(Utf8JsonWriter writer, double value, Unit unit)
    {
        if (!MetricNumber.TryRound(value, unit, out var number))
        {
            writer.WriteNullValue();
        }
        else if (MetricNumber.IsWhole(number))
        {
            // "400" rather than "4E+02", and no negative zero.
            writer.WriteNumberValue((long)number);
        }
        else
        {
            writer.WriteNumberValue(number);
        }
    }
}
