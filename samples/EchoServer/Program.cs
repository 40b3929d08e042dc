// SPDX-License-Identifier: BSD-2-Clause
// Sends back whatever a client sends. Any number of clients at once.
//
//     dotnet run --project samples/EchoServer -- service=echo
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;

// The switchboard is where FLOWER_SWITCHBOARD says, else at the usual path.
await using Handle handle = await Handle.OpenAsync();
await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(args));
Console.WriteLine($"listening: {listener.Labels}");

// One task for each connection, 100 at most; whoever comes then waits until one is free.
await Parallel.ForEachAsync(listener, new ParallelOptions { MaxDegreeOfParallelism = 100 }, async (incoming, stop) =>
{
    try
    {
        // From here on the switchboard is out of the way: this is a socket like any other.
        await using Connection connection = await incoming.AcceptAsync(stop);
        Console.WriteLine($"connected: user {connection.Labels["flower.client_uid"]}");
        await using NetworkStream stream = connection.GetStream();
        await stream.CopyToAsync(stream, stop);
    }
    catch (IOException e)
    {
        // This client has gone. The others are none the wiser.
        Console.Error.WriteLine(e.Message);
    }
});
