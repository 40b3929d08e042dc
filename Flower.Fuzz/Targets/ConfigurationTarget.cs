// SPDX-License-Identifier: BSD-2-Clause
using Flower.Switchboard.Hosting.Configuration;

namespace Flower.Fuzz.Targets;

/// <summary>The switchboard's configuration: all that is wrong with it is told, or all of it is taken.</summary>
internal static class ConfigurationTarget
{
    private static readonly ConfigurationSource Source = ConfigurationSource.None();

    public static void Run(byte[] input)
    {
        ConfigurationResult result = Source.Parse(input);
        BrokenException.Unless(
            result.Configuration is null == result.Errors.Count > 0, "a configuration with errors, or none without one");
        BrokenException.Unless(
            !result.Errors.Any(error => error.Any(char.IsControl)), "an error with control characters, or of two lines");
    }
}
