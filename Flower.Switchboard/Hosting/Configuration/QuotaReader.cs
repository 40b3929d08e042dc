// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Switchboard.Quotas;
using Microsoft.Extensions.Configuration;

namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>Reads limits: <c>{ "sessions": 100, "connects_per_second": 50 }</c>; what is not named keeps its default.</summary>
internal static class QuotaReader
{
    private const long Most = 1_000_000_000_000;

    /// <summary>The limits of one section.</summary>
    public static QuotaLimits Read(
        IConfigurationSection section, string place, QuotaLimits defaults, ConfigurationErrors errors)
    {
        QuotaLimits limits = defaults;
        if (!Sections.IsObject(section))
        {
            errors.Add(place, $"must be an object of limits, each a number: {string.Join(", ", QuotaLimits.Names)}");
            return limits;
        }

        foreach (IConfigurationSection child in Sections.Known(section, place, [.. QuotaLimits.Names], errors))
        {
            if (long.TryParse(child.Value, NumberStyles.None, CultureInfo.InvariantCulture, out long limit) && limit <= Most)
            {
                limits = limits.With((QuotaKind)QuotaLimits.Names.IndexOf(child.Key), limit);
            }
            else
            {
                errors.Add($"{place}.{child.Key}", $"must be a whole number from 0 to {Most}");
            }
        }

        return limits;
    }
}
