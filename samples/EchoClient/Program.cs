// SPDX-License-Identifier: BSD-2-Clause
// Sends each line of its input to a server, and prints what comes back.
//
//     dotnet run --project samples/EchoClient -- service=echo
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;

try
{
    await using Handle handle = await Handle.OpenAsync();
    await using Connection connection = await handle.ConnectAsync(
        LabelSet.ParseWords(args), new() { Timeout = TimeSpan.FromSeconds(5) });
    Console.WriteLine($"connected: {connection.Labels}");

    await using NetworkStream stream = connection.GetStream();
    using var reader = new StreamReader(stream);
    await using var writer = new StreamWriter(stream) { AutoFlush = true };
    while (Console.ReadLine() is { } line)
    {
        await writer.WriteLineAsync(line);
        Console.WriteLine(await reader.ReadLineAsync() ?? throw new IOException("the server has gone"));
    }

    return 0;
}
catch (IOException e)
{
    // A FlowerException is one too: nothing matches, several do, not allowed, no switchboard. It says what to do about it.
    Console.Error.WriteLine(e.Message);
    return 1;
}
